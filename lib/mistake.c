/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mistake.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "str.h"

/* The same said twice of a folder, which two readers open, is one mistake. */
static bool is_known(const struct mistakes *m, const struct mistake *new)
{
	for (size_t i = 0; !new->line && i < m->n; i++)
		if (m->v[i].line == 0 && str_eq(m->v[i].file, new->file) &&
		    str_eq(m->v[i].text, new->text))
			return true;
	return false;
}

static void push(struct mistakes *m, const struct mistake *new)
{
	if (is_known(m, new))
		return;
	*arena_push(m->arena, m->v, m->n, m->cap) = *new;
	m->errors += !new->warning;
}

void mistake_add(struct mistakes *m, const char *file, unsigned line, const char *fmt, ...)
{
	struct mistake new = { .file = file, .line = line };
	va_list ap;

	va_start(ap, fmt);
	new.text = arena_vprintf(m->arena, fmt, ap);
	va_end(ap);
	push(m, &new);
}

void mistake_warn(struct mistakes *m, const char *file, unsigned line, const char *fmt, ...)
{
	struct mistake new = { .file = file, .line = line, .warning = true };
	va_list ap;

	va_start(ap, fmt);
	new.text = arena_vprintf(m->arena, fmt, ap);
	va_end(ap);
	push(m, &new);
}

/* They are found in passes over all files. */
struct placed {
	const struct mistake *mistake;
	size_t found; /* the first of two at one place stays the first: qsort() is not stable */
};

static int by_place(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;
	int files = strcmp(a->mistake->file, b->mistake->file);

	if (files)
		return files;
	if (a->mistake->line != b->mistake->line)
		return a->mistake->line > b->mistake->line ? 1 : -1;
	return (a->found > b->found) - (a->found < b->found);
}

void mistakes_sort(struct mistakes *m)
{
	struct arena *a = m->arena;
	struct placed *order = arena_alloc(a, (m->n + 1) * sizeof(*order));
	struct mistake *sorted = arena_alloc(a, (m->n + 1) * sizeof(*sorted));

	for (size_t i = 0; i < m->n; i++)
		order[i] = (struct placed){ &m->v[i], i };
	qsort(order, m->n, sizeof(*order), by_place);
	for (size_t i = 0; i < m->n; i++)
		sorted[i] = *order[i].mistake;
	m->v = sorted;
	m->cap = m->n + 1;
}

const char *mistake_text(struct arena *a, const struct mistake *m)
{
	const char *kind = m->warning ? "warning" : "error";
	const char *text = arena_printf(a, "%s: %s", kind, m->text);

	if (m->line)
		text = arena_printf(a, "%s:%u: %s", m->file, m->line, text);
	else
		text = arena_printf(a, "%s: %s", m->file, text);
	return str_printable(a, text);
}
