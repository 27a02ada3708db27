/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nodeset.h"

struct arena;
struct domain_memory;
struct hostmemory;
struct journal;

/* Pages that a VM requests, or has claimed. */
struct claim {
	unsigned long long page; /* as in struct promise */
	struct nodeset nodes;	 /* empty: any */
	unsigned long long pages;
	bool mapped; /* its QEMU runs: what it has not touched yet may be among the reserved ones */
};

struct claims {
	struct claim *v;
	size_t n, cap;
};

/* The pages that a journal adds to a pool. */
struct growth {
	const char *name; /* of the pool */
	unsigned long long pages, base;
	bool stays; /* its VM lives: else the pages are about to be removed again */
};

struct growths {
	struct growth *v;
	size_t n, cap;
};

/*
 * The memory that a VM needs at its start: huge pages, because libvirt has QEMU touch all
 * of them; and, if pinned (VFIO, <locked/>), normal pages.
 */
void memory_claims(struct arena *a, const struct domain_memory *m, bool pinned,
		   const struct hostmemory *host, struct claims *asked);

/* Records the claims and the growths in the journal. */
void memory_plan(struct arena *a, const struct claims *asked, const struct growths *grow,
		 struct journal *j);
