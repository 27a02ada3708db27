/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "wrapper/verb/slotmap.h"

struct arena;
struct cmdline;
struct err;

/*
 * Of the machine's own bus. -EINVAL for a machine type whose buses are not known.
 */
int slots_scan(struct arena *a, const struct cmdline *c, struct slots *s, struct err *err);

/* Of the bus with this name, which can be that of a bridge. -EINVAL if the command line has no such bus. */
int slots_scan_bus(struct arena *a, const struct cmdline *c, const char *bus, struct slots *s,
		   struct err *err);

/*
 * A free slot: `wanted` ("0x5", as addr= of a verb), or if that is NULL the next slot for a
 * device of kvmshim. -EINVAL if the slot is in use, -ENOSPC if none is free.
 */
int slots_take(struct slots *s, const char *wanted, unsigned *slot, struct err *err);

/*
 * A slot of the machine's own bus, or, if that has none, of the first PCI bridge that has one.
 * bus, wanted: as a verb has them, or NULL.
 */
int slots_find(struct arena *a, const struct cmdline *c, const char *bus, const char *wanted,
	       struct slots *s, unsigned *slot, struct err *err);
