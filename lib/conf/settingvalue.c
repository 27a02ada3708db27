/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/settingvalue.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "str.h"

int setting_seconds(const char *value, int least, int most)
{
	size_t len = strspn(value, "0123456789");
	int seconds;

	if (len == 0 || len > 4 || value[len])
		return -1;
	seconds = atoi(value);
	return seconds >= least && seconds <= most ? seconds : -1;
}

const char *setting_item(struct arena *a, const char **s)
{
	const char *item = *s;
	size_t len = strcspn(item, ",");

	if (*item == '\0')
		return NULL;
	*s += len + (item[len] == ',');
	return str_trim(a, item, len);
}
