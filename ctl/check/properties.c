/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/properties.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

struct property *properties_add(struct arena *a, struct properties *to, const char *name,
				const char *type)
{
	struct property *new = arena_push(a, to->v, to->n, to->cap);

	*new = (struct property){ arena_strdup(a, name), arena_strdup(a, type), false };
	return new;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct property *)a)->name, ((const struct property *)b)->name);
}

void properties_sort(struct properties *p)
{
	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), compare);
}
