/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strindex.h"

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

/* Open addressing: at most half of the slots have a name. */
struct strindex_slot {
	const char *name; /* NULL: empty */
	size_t owner, number;
};

/* FNV-1a. */
static size_t hash_of(size_t owner, const char *name)
{
	uint64_t hash = (UINT64_C(14695981039346656037) ^ owner) * UINT64_C(1099511628211);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (size_t)(hash ^ hash >> 32);
}

/* The slot of the name, or the empty one where it belongs. */
static struct strindex_slot *slot_of(const struct strindex *x, size_t owner, const char *name)
{
	size_t at = hash_of(owner, name) & (x->cap - 1);

	while (x->slots[at].name &&
	       (x->slots[at].owner != owner || !str_eq(x->slots[at].name, name)))
		at = (at + 1) & (x->cap - 1);
	return &x->slots[at];
}

static void grow(struct strindex *x)
{
	struct strindex old = *x;

	x->cap = old.cap ? old.cap * 2 : 32;
	x->slots = arena_alloc(x->arena, x->cap * sizeof(*x->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].name)
			*slot_of(x, old.slots[i].owner, old.slots[i].name) = old.slots[i];
}

size_t strindex_add(struct strindex *x, size_t owner, const char *name, size_t number)
{
	struct strindex_slot *slot;

	if (x->n * 2 >= x->cap)
		grow(x);
	slot = slot_of(x, owner, name);
	if (!slot->name) {
		*slot = (struct strindex_slot){ name, owner, number };
		x->n++;
	}
	return slot->number;
}
