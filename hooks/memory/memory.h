/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/memory/claims.h"
#include "host/hugepages.h"
#include "str.h"

struct arena;

/*
 * Does the host have the memory that a VM asks for? Pure arithmetic: hooks/memory/look.c
 * gathers the numbers.
 */

struct memory_case {
	struct hostmemory host;
	struct claims asked, promised;
	struct growths grown;
	bool allocate; /* grow pools that are short */
};

/* Adds a sentence for each shortage; with allocate, the growth that ends it. */
void memory_judge(struct arena *a, const struct memory_case *c, struct strv *refusals,
		  struct growths *grow);

/* "2 MiB", "1.5 GiB" */
const char *memory_size_text(struct arena *a, unsigned long long kib);
