/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "str.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

void strbuf_addn(struct strbuf *b, const char *s, size_t len)
{
	if (b->cap < b->len + len + 1) {
		size_t cap = b->cap ? b->cap : 64;
		char *text;

		while (cap < b->len + len + 1)
			cap *= 2;
		text = arena_alloc(b->arena, cap);
		if (b->len)
			memcpy(text, b->text, b->len);
		b->text = text;
		b->cap = cap;
	}
	if (len)
		memcpy(b->text + b->len, s, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *s)
{
	strbuf_addn(b, s, strlen(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_addn(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_add(b, arena_vprintf(b->arena, fmt, ap));
	va_end(ap);
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->text ? b->text : "";
}

void strv_push(struct arena *a, struct strv *v, const char *s)
{
	*arena_push(a, v->v, v->n, v->cap) = s;
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], s))
			return true;
	return false;
}

bool str_among(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], word))
			return true;
	return false;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->n)
		qsort(v->v, v->n, sizeof(*v->v), by_bytes);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && str_eq(s + len - tail, suffix);
}

char *str_splice(struct arena *a, const char *text, size_t start, size_t end, const char *with)
{
	size_t len = strlen(text), mid = strlen(with);
	char *p = arena_alloc(a, start + mid + (len - end) + 1);

	memcpy(p, text, start);
	memcpy(p + start, with, mid);
	memcpy(p + start + mid, text + end, len - end);
	return p;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

const char *str_skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

char *str_trim(struct arena *a, const char *s, size_t len)
{
	while (len && is_blank(*s))
		s++, len--;
	while (len && is_blank(s[len - 1]))
		len--;
	return arena_strndup(a, s, len);
}

int str_to_bool(const char *s)
{
	static const char *const yes[] = { "on", "yes", "true", "y" };
	static const char *const no[] = { "off", "no", "false", "n" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (str_eq(s, yes[i]))
			return 1;
		if (str_eq(s, no[i]))
			return 0;
	}
	return -1;
}

size_t str_utf8_len(const char *s, size_t left)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned long cp = u[0] & (0xffu >> (len + 1));

	if (len == 1)
		return left ? 1 : 0;
	if (u[0] < 0xc2 || u[0] > 0xf4 || left < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return len;
}

unsigned long str_codepoint(const char *s, size_t len)
{
	unsigned long cp = (unsigned char)s[0] & (len == 1 ? 0x7fu : 0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	return cp;
}

/*
 * Controls, which terminals obey, and what is not seen: it changes the order of the text around
 * it, begins a line, or makes two names look like one.
 */
static const struct {
	unsigned long first, last;
} controls[] = {
	{ 0, 0x1f },	    /* C0 */
	{ 0x7f, 0x9f },	    /* DEL, C1 */
	{ 0xad, 0xad },	    /* soft hyphen */
	{ 0x61c, 0x61c },   /* Arabic letter mark */
	{ 0x180e, 0x180e }, /* Mongolian vowel separator */
	{ 0x200b, 0x200f }, /* of no width; left-to-right and right-to-left mark */
	{ 0x2028, 0x202e }, /* line and paragraph separator; embeddings and overrides */
	{ 0x2060, 0x206f }, /* word joiner; isolates */
	{ 0xfeff, 0xfeff }, /* byte order mark */
	{ 0xfff9, 0xfffb }, /* annotations */
	{ 0xe0000, 0xe007f }, /* tags */
};

bool str_is_control(const char *s, size_t len)
{
	unsigned long cp;

	if (*s >= ' ' && *s < 0x7f)
		return false;
	cp = str_codepoint(s, len);
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (cp >= controls[i].first && cp <= controls[i].last)
			return true;
	return false;
}

size_t str_run_len(const char *s, size_t left)
{
	size_t len = 0;

	while (s[len] >= ' ' && s[len] < 0x7f)
		len++;
	return len ? len : str_utf8_len(s, left);
}

const char *str_printable(struct arena *a, const char *s)
{
	struct strbuf b = { .arena = a };
	size_t left = strlen(s), len;

	for (; left; s += len, left -= len) {
		len = str_run_len(s, left);
		if (len && !str_is_control(s, len)) {
			strbuf_addn(&b, s, len);
			continue;
		}
		len = len ? len : 1;
		for (size_t i = 0; i < len; i++)
			strbuf_addf(&b, "\\x%02x", (unsigned char)s[i]);
	}
	return strbuf_text(&b);
}

const char *str_xml(struct arena *a, const char *s)
{
	static const char *const entities[] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['\''] = "&apos;", ['"'] = "&quot;",
	};
	struct strbuf b = { .arena = a };

	for (; *s; s++)
		if (strchr("&<>'\"", *s))
			strbuf_add(&b, entities[(unsigned char)*s]);
		else
			strbuf_addc(&b, *s);
	return strbuf_text(&b);
}

const char *str_uuid(struct arena *a, const char *s)
{
	char *copy;

	if (strlen(s) != 36)
		return NULL;
	copy = arena_strdup(a, s);
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return NULL;
		copy[i] = (char)tolower((unsigned char)s[i]);
	}
	return copy;
}
