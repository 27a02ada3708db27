/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct arena;

/* A string that grows in an arena. text is always NUL-terminated once added to. */
struct strbuf {
	struct arena *arena;
	char *text;
	size_t len, cap;
};

void strbuf_add(struct strbuf *b, const char *s);
void strbuf_addn(struct strbuf *b, const char *s, size_t len);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *strbuf_text(const struct strbuf *b);

/* A list of strings in an arena. */
struct strv {
	const char **v;
	size_t n, cap;
};

void strv_push(struct arena *a, struct strv *v, const char *s);
bool strv_has(const struct strv *v, const char *s);
/* By bytes, as strcmp(3). */
void strv_sort(struct strv *v);

bool str_among(const char *const *list, size_t n, const char *word);
/* The same for an array whose length is known. */
#define STR_AMONG(list, word) str_among((list), sizeof(list) / sizeof((list)[0]), (word))

/* Most words differ in their first byte, and most of reading rules is comparing words. */
static inline bool str_eq(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

/* Both NULL, or both the same text. */
static inline bool str_same(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* text with [start,end) replaced. */
char *str_splice(struct arena *a, const char *text, size_t start, size_t end, const char *with);

/* The blanks of a rule file: space and tab. */
const char *str_skip_blanks(const char *s);
/* A copy of [s, s+len) without blanks at both ends. */
char *str_trim(struct arena *a, const char *s, size_t len);

/* yes/no, on/off, true/false: 1, 0, or -1 for anything else. */
int str_to_bool(const char *s);

/*
 * Fit for a terminal and a log: control characters and bytes that are not
 * UTF-8 become \xNN. Names of domains come from tenants.
 */
const char *str_printable(struct arena *a, const char *s);

/* As it is written in XML and HTML: & < > ' and " are entities. */
const char *str_xml(struct arena *a, const char *s);

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 if s does not begin with one. */
size_t str_utf8_len(const char *s, size_t left);

/* Length of the printable ASCII at s, of which nearly all text is, or else str_utf8_len(). */
size_t str_run_len(const char *s, size_t left);

/* The character of such a sequence. */
unsigned long str_codepoint(const char *s, size_t len);

/* Is such a sequence one that a terminal obeys, or hides, instead of showing it? */
bool str_is_control(const char *s, size_t len);

/* "8-4-4-4-12" hex digits, lowered into a copy; NULL for anything else. */
const char *str_uuid(struct arena *a, const char *s);
