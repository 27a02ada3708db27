/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/explain/diff.h"

#include <string.h>

#include "arena.h"
#include "str.h"
#include "wrapper/line/cmdline.h"

/* Command lines longer than this are compared place by place, not by the best fit. */
#define CELLS_MAX ((size_t)4 * 1000 * 1000)

/* 2: the same to the byte; 1: the same option; 0: different things. */
static unsigned likeness(const struct arg *a, const struct arg *b)
{
	if (!str_same(a->word, b->word) || !a->value != !b->value)
		return 0;
	return str_same(a->value, b->value) ? 2 : 1;
}

static void push(struct diff_step *steps, size_t *n, const struct arg *old, const struct arg *new)
{
	steps[(*n)++] = (struct diff_step){ old, new };
}

/* best[i][j]: the most likeness that old[i…] and new[j…] can share. */
static unsigned *best_table(struct arena *a, const struct cmdline *old, const struct cmdline *new)
{
	size_t width = new->n + 1;
	unsigned *best = arena_alloc(a, (old->n + 1) * width * sizeof(*best));

	for (size_t i = old->n; i-- > 0;)
		for (size_t j = new->n; j-- > 0;) {
			unsigned like = likeness(&old->args[i], &new->args[j]);
			unsigned skip = best[(i + 1) * width + j];

			if (best[i * width + j + 1] > skip)
				skip = best[i * width + j + 1];
			if (like && like + best[(i + 1) * width + j + 1] > skip)
				skip = like + best[(i + 1) * width + j + 1];
			best[i * width + j] = skip;
		}
	return best;
}

static void place_by_place(const struct cmdline *old, const struct cmdline *new,
			   struct diff_step *steps, size_t *n)
{
	for (size_t i = 0; i < old->n || i < new->n; i++) {
		const struct arg *from = i < old->n ? &old->args[i] : NULL;
		const struct arg *to = i < new->n ? &new->args[i] : NULL;

		if (from && to && likeness(from, to)) {
			push(steps, n, from, to);
			continue;
		}
		if (from)
			push(steps, n, from, NULL);
		if (to)
			push(steps, n, NULL, to);
	}
}

struct diff_step *explain_diff(struct arena *a, const struct cmdline *old, const struct cmdline *new,
			  size_t *n)
{
	struct diff_step *steps = arena_alloc(a, (old->n + new->n + 1) * sizeof(*steps));
	size_t i = 0, j = 0, width = new->n + 1;
	const unsigned *best;

	*n = 0;
	if ((old->n + 1) * width > CELLS_MAX) {
		place_by_place(old, new, steps, n);
		return steps;
	}
	best = best_table(a, old, new);
	while (i < old->n && j < new->n) {
		unsigned like = likeness(&old->args[i], &new->args[j]);

		if (like && best[i * width + j] == like + best[(i + 1) * width + j + 1])
			push(steps, n, &old->args[i++], &new->args[j++]);
		else if (best[i * width + j] == best[(i + 1) * width + j])
			push(steps, n, &old->args[i++], NULL);
		else
			push(steps, n, NULL, &new->args[j++]);
	}
	while (i < old->n)
		push(steps, n, &old->args[i++], NULL);
	while (j < new->n)
		push(steps, n, NULL, &new->args[j++]);
	return steps;
}
