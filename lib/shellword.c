/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shellword.h"

#include <string.h>

#include "arena.h"
#include "str.h"

static bool is_plain(const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+:,./-";

	return *word && !word[strspn(word, plain)];
}

const char *shellword_value(struct arena *a, const char *word)
{
	struct strbuf b = { .arena = a };

	if (is_plain(word))
		return word;
	strbuf_addc(&b, '\'');
	for (; *word; word++)
		if (*word == '\'')
			strbuf_add(&b, "'\\''");
		else
			strbuf_addc(&b, *word);
	strbuf_addc(&b, '\'');
	return b.text;
}

const char *shellword(struct arena *a, const char *word)
{
	const char *value = shellword_value(a, word);

	return *word == '-' ? arena_join(a, "-- ", value) : value;
}
