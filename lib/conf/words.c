/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <errno.h>

#include "err.h"
#include "str.h"

/* The "…" at s, open; returns where it ends, NULL if it does not. */
static const char *take_quoted(const char *s, struct strbuf *word)
{
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		strbuf_addc(word, *s);
	}
	return *s ? s + 1 : NULL;
}

static const char *take_word(const char *s, struct strbuf *word)
{
	strbuf_addn(word, "", 0);
	while (s && *s && *s != ' ' && *s != '\t') {
		if (*s == '"')
			s = take_quoted(s, word);
		else
			strbuf_addc(word, *s++);
	}
	return s;
}

int words_parse(struct arena *a, const char *value, struct strv *words, struct err *err)
{
	for (const char *s = str_skip_blanks(value); *s; s = str_skip_blanks(s)) {
		struct strbuf word = { .arena = a };

		s = take_word(s, &word);
		if (!s)
			return err_set(err, EINVAL, "a closing \" is missing");
		strv_push(a, words, word.text);
	}
	return 0;
}
