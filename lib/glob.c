/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "glob.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum fold { FOLD_NOTHING, FOLD_CASE, FOLD_DASHES };

static bool same(char a, char b, enum fold fold)
{
	if (fold == FOLD_CASE)
		return tolower((unsigned char)a) == tolower((unsigned char)b);
	if (fold == FOLD_DASHES && a == '-')
		a = '_';
	if (fold == FOLD_DASHES && b == '-')
		b = '_';
	return a == b;
}

/*
 * Without recursion: on a mismatch go back to the last `*` and let it swallow
 * one byte more. At most length × length steps, whatever the pattern.
 */
static bool match(const char *p, const char *t, enum fold fold)
{
	const char *star = NULL, *retry = NULL;

	while (*t) {
		const char *lit = *p == '\\' && p[1] ? p + 1 : p;

		if (*p == '*') {
			star = ++p;
			retry = t;
		} else if (*p == '?' || (*p && same(*lit, *t, fold))) {
			p = (*p == '?' ? p : lit) + 1;
			t++;
		} else if (star) {
			p = star;
			t = ++retry;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

bool glob_match(const char *pattern, const char *text)
{
	return match(pattern, text, FOLD_NOTHING);
}

bool glob_match_nocase(const char *pattern, const char *text)
{
	return match(pattern, text, FOLD_CASE);
}

bool glob_match_dashes(const char *pattern, const char *text)
{
	return match(pattern, text, FOLD_DASHES);
}

bool glob_is_plain(const char *pattern)
{
	return strpbrk(pattern, "*?\\") == NULL;
}

struct hexaddr {
	unsigned long part[4];
	int colons, dots;
};

/* The parts from the right: function, slot, bus, domain. */
static bool hexaddr_parse(const char *s, struct hexaddr *h)
{
	unsigned long left[4];
	int n = 0;

	*h = (struct hexaddr){ 0 };
	for (;;) {
		char *end;

		if (n == 4 || !isxdigit((unsigned char)*s))
			return false;
		left[n++] = strtoul(s, &end, 16);
		s = end;
		if (*s == '\0')
			break;
		if (*s == '.' ? h->dots++ : *s != ':' || h->dots)
			return false;
		h->colons += *s++ == ':';
	}
	if (n + !h->dots > 4)
		return false;
	for (int i = 0; i < n; i++)
		h->part[n - 1 - i + !h->dots] = left[i];
	return true;
}

bool hexaddr_equal(const char *a, const char *b)
{
	struct hexaddr x, y;

	if (!hexaddr_parse(a, &x) || !hexaddr_parse(b, &y))
		return false;
	return memcmp(x.part, y.part, sizeof(x.part)) == 0;
}
