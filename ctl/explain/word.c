/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How explain shows one word of a command line. */
#include "ctl/explain/word.h"

#include <ctype.h>
#include <string.h>

#include "arena.h"
#include "str.h"

#define BOLD "\033[1m"
#define NOT_BOLD "\033[22m"

static const char *quote_for(const char *word)
{
	size_t len = strlen(word);

	return len == 0 || word[0] == ' ' || word[len - 1] == ' ' ? "'" : "";
}

const char *explain_word(struct arena *a, const char *word)
{
	const char *quote = quote_for(word);

	return arena_printf(a, "%s%s%s", quote, str_printable(a, word), quote);
}

/* Half a word in bold does not help, and half a letter of UTF-8 is not a letter. */
static bool is_inside(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || (c & 0x80);
}

/* How many bytes the two begin with alike, to the end of a word. */
static size_t common_front(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	while (n && is_inside(a[n - 1]) && (is_inside(a[n]) || is_inside(b[n])))
		n--;
	return n;
}

/* How many bytes the two end in alike, from the beginning of a word. */
static size_t common_back(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b), n = 0;

	while (n < len_a && n < len_b && a[len_a - n - 1] == b[len_b - n - 1])
		n++;
	while (n && is_inside(a[len_a - n]) &&
	       ((n < len_a && is_inside(a[len_a - n - 1])) ||
		(n < len_b && is_inside(b[len_b - n - 1]))))
		n--;
	return n;
}

static const char *embolden(struct arena *a, const char *word, size_t front, size_t back)
{
	size_t len = strlen(word);
	const char *quote = quote_for(word);
	const char *middle = arena_strndup(a, word + front, len - front - back);

	return arena_printf(a, "%s%s%s%s%s%s%s", quote,
			    str_printable(a, arena_strndup(a, word, front)), *middle ? BOLD : "",
			    str_printable(a, middle), *middle ? NOT_BOLD : "",
			    str_printable(a, word + len - back), quote);
}

void explain_embolden(struct arena *a, const char **before, const char **after)
{
	size_t front = common_front(*before, *after);
	size_t back = common_back(*before + front, *after + front);

	*before = embolden(a, *before, front, back);
	*after = embolden(a, *after, front, back);
}
