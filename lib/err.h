/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdarg.h>

/*
 * How failure travels: a function that can fail returns 0 or -errno and fills
 * an err with one sentence that names the object and the reason. It prints
 * nothing. err_wrap() puts what was being done in front on the way up.
 */
struct err {
	int code;
	char text[4608]; /* a path (PATH_MAX) and a sentence about it */
};

/* code is a positive errno; returns -code, for `return err_set(…)`. err NULL: nobody asks why. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* strerror(3), in any thread: the text stays until the same thread asks again. */
const char *err_reason(int code);
