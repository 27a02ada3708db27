/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "utc.h"

#include "arena.h"

#define FORMAT "%Y-%m-%dT%H:%M:%SZ"

const char *utc_text(struct arena *a, time_t when)
{
	struct tm tm;
	char text[32];

	if (!gmtime_r(&when, &tm) || !strftime(text, sizeof(text), FORMAT, &tm))
		return "?";
	return arena_strdup(a, text);
}

bool utc_read(const char *text, time_t *when)
{
	struct tm tm = { 0 };

	if (!text || !strptime(text, FORMAT, &tm))
		return false;
	*when = timegm(&tm);
	return true;
}
