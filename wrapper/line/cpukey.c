/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/cpukey.h"

#include <stddef.h>

/* The object_property_add_alias() calls, without the aliases that only swap `_` and `-`. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "ffxsr", "fxsr-opt" },      { "hv-apicv", "hv-avic" }, { "i64", "lm" },
	{ "pclmuldq", "pclmulqdq" },  { "sse3", "pni" },	 { "sse4-1", "sse4.1" },
	{ "sse4-2", "sse4.2" },	      { "tsc-freq", "tsc-frequency" },
	{ "xd", "nx" },
};

static bool same_spelling(const char *a, const char *b)
{
	for (; *a || *b; a++, b++) {
		char x = *a == '_' ? '-' : *a;
		char y = *b == '_' ? '-' : *b;

		if (x != y)
			return false;
	}
	return true;
}

static const char *proper_name(const char *key)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (same_spelling(aliases[i].alias, key))
			return aliases[i].name;
	return key;
}

bool cpukey_same(const char *a, const char *b)
{
	return same_spelling(a, b) || same_spelling(proper_name(a), proper_name(b));
}
