/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nodeset.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

#define WORDS (NODESET_MAX / 64)

void nodeset_add(struct nodeset *s, unsigned node)
{
	s->bits[node / 64] |= UINT64_C(1) << node % 64;
}

/* From first to last. A word at a time: a text of 8 MiB may be "0-1023,0-1023,…". */
static void set_range(struct nodeset *s, unsigned first, unsigned last, bool in)
{
	for (unsigned word = first / 64; word <= last / 64; word++) {
		uint64_t mask = ~UINT64_C(0);

		if (word == first / 64)
			mask &= ~UINT64_C(0) << first % 64;
		if (word == last / 64)
			mask &= ~UINT64_C(0) >> (63 - last % 64);
		if (in)
			s->bits[word] |= mask;
		else
			s->bits[word] &= ~mask;
	}
}

bool nodeset_has(const struct nodeset *s, unsigned node)
{
	return node < NODESET_MAX && s->bits[node / 64] >> node % 64 & 1;
}

unsigned nodeset_count(const struct nodeset *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcountll(s->bits[i]);
	return n;
}

unsigned nodeset_first(const struct nodeset *s)
{
	unsigned node = 0;

	while (node + 1 < NODESET_MAX && !nodeset_has(s, node))
		node++;
	return node;
}

bool nodeset_equal(const struct nodeset *a, const struct nodeset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool nodeset_within(const struct nodeset *a, const struct nodeset *b)
{
	for (unsigned i = 0; i < WORDS; i++)
		if (a->bits[i] & ~b->bits[i])
			return false;
	return true;
}

bool nodeset_meets(const struct nodeset *a, const struct nodeset *b)
{
	for (unsigned i = 0; i < WORDS; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

struct nodeset nodeset_join(const struct nodeset *a, const struct nodeset *b)
{
	struct nodeset s = *a;

	for (unsigned i = 0; i < WORDS; i++)
		s.bits[i] |= b->bits[i];
	return s;
}

/* ---- as text ---- */

static const char *skip(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* NULL if the text does not begin with the number of a NUMA node. */
static const char *number(const char *s, unsigned *n)
{
	size_t len = strspn(s, "0123456789");

	if (len == 0 || len > 4)
		return NULL;
	*n = (unsigned)strtoul(s, NULL, 10);
	return *n < NODESET_MAX ? skip(s + len) : NULL;
}

/* "3", "0-3" or "^1"; where it ends, or NULL. */
static const char *item(const char *s, struct nodeset *set)
{
	bool out = *s == '^';
	unsigned first = 0, last;

	s = number(out ? skip(s + 1) : s, &first);
	last = first;
	if (s && !out && *s == '-')
		s = number(skip(s + 1), &last);
	if (!s || last < first)
		return NULL;
	set_range(set, first, last, !out);
	return s;
}

bool nodeset_parse(const char *text, struct nodeset *set)
{
	const char *s = skip(text);

	*set = (struct nodeset){ 0 };
	for (;;) {
		s = item(s, set);
		if (!s || (*s && *s != ','))
			return false;
		if (!*s)
			return nodeset_count(set) > 0;
		s = skip(s + 1);
	}
}

const char *nodeset_text(struct arena *a, const struct nodeset *s)
{
	struct strbuf b = { .arena = a };

	for (unsigned n = 0; n < NODESET_MAX; n++) {
		unsigned last = n;

		if (!nodeset_has(s, n))
			continue;
		while (nodeset_has(s, last + 1))
			last++;
		strbuf_addf(&b, last > n ? "%s%u-%u" : "%s%u", b.len ? "," : "", n, last);
		n = last;
	}
	return strbuf_text(&b);
}
