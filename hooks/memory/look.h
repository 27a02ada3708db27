/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/memory/memory.h"
#include "hooks/survey/reserve.h"

struct arena;
struct host;

/*
 * Reads the memory of the host, and what the VMs of these journals have claimed and grown.
 * `held` was read before: a journal that was removed since then has no pages in any pool.
 */
void memory_look(const struct host *host, const struct reservations *held, struct memory_case *c);

/* The steps of a journal that grow this pool (NULL: any), if it is of this boot, or boot is "". */
void memory_growths(struct arena *a, const struct journal *j, const char *boot, const char *pool,
		    bool stays, struct growths *out);
