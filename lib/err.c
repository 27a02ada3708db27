/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "err.h"

#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	return -code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char front[sizeof(err->text)], all[2 * sizeof(err->text) + 4];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(front, sizeof(front), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "%s: %s", front, err->text);
	all[sizeof(err->text) - 1] = '\0';
	memcpy(err->text, all, sizeof(err->text));
	return -err->code;
}

const char *err_reason(int code)
{
	static _Thread_local char text[128];

	return strerror_r(code, text, sizeof(text));
}
