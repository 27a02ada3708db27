/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "wrapper/verb/chipset.h"

struct cmdline;
struct optval;

#define SLOTS 32

/*
 * The slots of a PCI bus and their users: slot numbers 0 to 31 of all devices that the command
 * line puts there, in both syntaxes, by -set, -global and -readconfig, and of those that QEMU
 * puts there itself (defaultslots.h). QEMU takes the lowest free slots for devices without an
 * address, and so does libvirt when it hot-plugs; kvmshim's devices use the highest.
 */
struct slots {
	enum chipset chipset;
	const char *bus;
	bool first;		/* the machine's own bus, not that of a bridge */
	bool port;		/* it has slot 0 only */
	bool json;		/* a device in JSON makes it: only a device in JSON can be on it */
	const char *user[SLOTS]; /* what sits there; NULL: nothing that we know of */
	bool function0[SLOTS];	 /* its function 0 is in use */
	const char *unreadable;	 /* a -readconfig that could not be read; NULL */
	const char *machine_in;	 /* a -readconfig with a [machine] of its own; NULL */
};

/* devfn: slot and function, as QEMU counts them. The first user stays. */
void slots_mark(struct slots *s, unsigned long devfn, const char *user);
/* Is this bus= of a device the bus? NULL: it has none. */
bool slots_is_bus(const struct slots *s, const char *bus);
/* "virtio-rng-pci id=rng0", for messages. */
const char *slots_user(const struct cmdline *c, const struct optval *v);
