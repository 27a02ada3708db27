/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* A set of NUMA nodes. No kernel has more: CONFIG_NODES_SHIFT is 10 at most. */
#define NODESET_MAX 1024

struct nodeset {
	uint64_t bits[NODESET_MAX / 64];
};

/*
 * Sets as libvirt and Linux write them: "0-3,^1,7" (virBitmapParse() of util/virbitmap.c).
 * false for a text that is not a set, an empty set, or a NUMA node too high.
 */
bool nodeset_parse(const char *text, struct nodeset *s);
/* "0-1,7" */
const char *nodeset_text(struct arena *a, const struct nodeset *s);

void nodeset_add(struct nodeset *s, unsigned node);
bool nodeset_has(const struct nodeset *s, unsigned node);
unsigned nodeset_count(const struct nodeset *s);
/* The lowest NUMA node of a set that is not empty. */
unsigned nodeset_first(const struct nodeset *s);

bool nodeset_equal(const struct nodeset *a, const struct nodeset *b);
bool nodeset_within(const struct nodeset *a, const struct nodeset *b);
bool nodeset_meets(const struct nodeset *a, const struct nodeset *b);
struct nodeset nodeset_join(const struct nodeset *a, const struct nodeset *b);
