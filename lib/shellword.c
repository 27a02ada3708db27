/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shellword.h"

#include <string.h>

#include "str.h"

static bool is_plain(const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+:,./-";

	return *word && !word[strspn(word, plain)];
}

const char *shellword(struct arena *a, const char *word)
{
	struct strbuf b = { .arena = a };

	if (*word == '-')
		strbuf_add(&b, "-- ");
	else if (is_plain(word))
		return word;
	if (is_plain(word)) {
		strbuf_add(&b, word);
		return b.text;
	}
	strbuf_addc(&b, '\'');
	for (; *word; word++)
		if (*word == '\'')
			strbuf_add(&b, "'\\''");
		else
			strbuf_addc(&b, *word);
	strbuf_addc(&b, '\'');
	return b.text;
}
