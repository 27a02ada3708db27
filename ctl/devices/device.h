/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/pci/pci.h"
#include "host/pci/pcihost.h"
#include "str.h"

/* What a device is to somebody who looks for one. device_states has the words. */
enum device_state {
	DEVICE_FREE,	  /* a VM may have it now */
	DEVICE_VM,	  /* a VM has it */
	DEVICE_MOVING,	  /* it is being handed over or given back */
	DEVICE_BUSY,	  /* on VFIO, and some process has it open */
	DEVICE_BLOCKED,	  /* what shares its IOMMU group is in use, or its VFs are in the way */
	DEVICE_HOST,	  /* the host's own, or no VM could have it */
	DEVICE_LEFT_OVER, /* its VM is gone, and nothing gave it back */
	DEVICE_STUCK,	  /* a write to it hangs in the kernel */
	DEVICE_UNKNOWN,	  /* who has it is root's to see */
	DEVICE_BRIDGE,
	DEVICE_STATES,
};

extern const char *const device_states[DEVICE_STATES];

/* Where the name of a home driver is from. */
enum home_from { HOME_NONE, HOME_JOURNAL, HOME_NOW, HOME_MODULES };
extern const char *const device_homes[HOME_MODULES + 1]; /* HOME_NONE: NULL */

/* A guest that has devices of the host. */
struct guest {
	const char *name;	 /* as people gave it; NULL where it has none */
	const char *uuid;
	const char *since;	 /* 2026-11-21T14:03:05Z; NULL: not known */
	pid_t pid;		 /* of its QEMU; 0: not known */
};

/* A mediated device of a parent. */
struct inventory_mdev {
	const char *uuid;
	const struct guest *guest; /* NULL: nobody has it */
};

/* A PCI function and all that is known of it. Texts are fit for a terminal, but for names of guests. */
struct device {
	struct pci_function pci;
	struct pci_place place;
	const char *vendor_name, *name, *class_name; /* of pci.ids; NULL: none */
	const char *slot;			     /* as printed on the machine; NULL */
	const char *home;			     /* the driver it goes back to; NULL: none */
	enum home_from home_from;
	struct strv mates;	   /* the other endpoints of its IOMMU group */
	const struct guest *guest; /* NULL: none */
	struct inventory_mdev *mdevs;
	size_t n_mdevs, mdevs_cap;
	enum device_state state;
	const char *why; /* a sentence's rest: "eth0 carries the default route"; NULL */
};

/* The devices of this host. */
struct inventory {
	struct device *v; /* in the order of their addresses */
	size_t n, cap;
	struct strv unseen; /* what could not be seen, and why: sentences */
};

/* NULL: there is none. */
struct device *device_find(const struct inventory *inv, const char *address);

/* The name that people know it by: of pci.ids, else its numbers. */
const char *device_name(const struct device *d);

/* A graphics or compute card, to be counted as one: no VF. */
bool device_is_gpu(const struct device *d);
