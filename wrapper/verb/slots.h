/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "wrapper/verb/chipset.h"

struct arena;
struct cmdline;
struct err;

/*
 * The slots of the first PCI bus and their users: slot numbers 0 to 31 of all devices to which
 * the command line gives an address, in both syntaxes, by -set, -global and -readconfig.
 * Devices without an address use the lowest free slots, and so does libvirt when it hot-plugs;
 * kvmshim's devices use the highest.
 */
struct slots {
	enum chipset chipset;
	const char *bus;
	const char *user[32];  /* what sits there; NULL: nothing that we know of */
	const char *unreadable;	 /* a -readconfig that could not be read; NULL */
	const char *machine_in;	 /* a -readconfig with a [machine] of its own; NULL */
};

/* -EINVAL for a machine type whose buses are not known. */
int slots_scan(struct arena *a, const struct cmdline *c, struct slots *s, struct err *err);

/*
 * A free slot: `wanted` ("0x5", as addr= of a verb), or if that is NULL the next slot for a
 * device of kvmshim. -EINVAL if the slot is in use or none is free.
 */
int slots_take(struct slots *s, const char *wanted, unsigned *slot, struct err *err);
