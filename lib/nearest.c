/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nearest.h"

#include <string.h>

#include "arena.h"

#define LONGEST 63

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits between two words, two neighbours swapped counting as one (Damerau). */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *now = rows[2];

	if (la > LONGEST || lb > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *spare = before;

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

void nearest_try(struct nearest *n, const char *candidate)
{
	size_t d = distance(n->word, candidate);

	if (!n->best || d < n->distance) {
		n->best = candidate;
		n->distance = d;
	}
}

/* Near: at most a third of the word's letters wrong, and never more than three. */
const char *nearest_hint(struct arena *a, const struct nearest *n)
{
	size_t allowed = strlen(n->word) / 3;

	if (allowed > 3)
		allowed = 3;
	if (allowed == 0)
		allowed = 1;
	if (!n->best || n->distance > allowed)
		return "";
	return arena_printf(a, " (did you mean '%s'?)", n->best);
}
