/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct arena;

/* A number for each name, each of an owner: who has a name is found without looking at all. */
struct strindex {
	struct arena *arena;
	struct strindex_slot *slots;
	size_t n, cap; /* cap is a power of 2 */
};

/*
 * The number of this owner's name. A name that is new gets this number. The name must live as
 * long as the index.
 */
size_t strindex_add(struct strindex *x, size_t owner, const char *name, size_t number);
