/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "str.h"

struct arena;
struct host;
struct pci_function;

/*
 * All PCI functions of the host, and their places: the facts that pci.h does not read of
 * each one.
 */

/* Their addresses, in the order of domain, bus, slot and function. */
void pcihost_addresses(const struct host *host, struct strv *addresses);

/* strcmp() of two addresses, that knows that domain 10000 comes after ffff. */
int pcihost_compare(const char *a, const char *b);

/* A fact that is missing is NULL, 0 or empty. */
struct pci_place {
	const char *above;	/* the bridge above it: 0000:00:01.0; NULL: none, or unknown */
	const char *root;	/* its host bridge: pci0000:00 */
	struct strv resets;	/* reset_method, best first: flr, bus; "unnamed" before Linux 5.15 */
	int total_vfs;		/* sriov_totalvfs; 0: it can have none */
};

/*
 * The directory of all functions: opened once, because it may have thousands of entries.
 * -errno if it is missing.
 */
int pcihost_open(const struct host *host);

/* Reads a function, from that directory, and its place. 0, or -ENODEV if it was removed. */
int pcihost_read(struct arena *a, int all, const char *address, struct pci_function *f,
		 struct pci_place *p);

/* A slot that has a name, as it is printed on the machine: /sys/bus/pci/slots/NAME/address. */
struct pci_slot {
	const char *name;
	const char *address; /* 0000:05:00 */
};

struct pci_slots {
	struct pci_slot *v;
	size_t n, cap;
};

void pcihost_slots(const struct host *host, struct pci_slots *slots);
/* The name of the slot that a function is in; NULL: it has none. */
const char *pcihost_slot(const struct pci_slots *slots, const char *address);

/* The bridge above a function; NULL: none, or unknown. */
const char *pcihost_above(const struct host *host, const char *address);

/* Path of the file that makes the kernel scan the bus of this function. */
const char *pcihost_rescan_path(struct arena *a, const char *address);
