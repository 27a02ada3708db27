/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/pci/pci.h"
#include "host/pci/pcihost.h"
#include "str.h"

/* The state of a device, for a reader who looks for one. device_states has the words. */
enum device_state {
	DEVICE_FREE,	  /* a VM can have it now */
	DEVICE_VM,	  /* a VM has it */
	DEVICE_MOVING,	  /* it is being assigned or returned */
	DEVICE_BUSY,	  /* bound to VFIO, and a process has it open */
	DEVICE_BLOCKED,	  /* a device of its IOMMU group, or a VF of it, is in use */
	DEVICE_HOST,	  /* the host needs it, or no VM can use it */
	DEVICE_LEFT_OVER, /* its VM has stopped without returning it */
	DEVICE_STUCK,	  /* a write to it is stuck in the kernel */
	DEVICE_UNKNOWN,	  /* only root can see which program uses it */
	DEVICE_BRIDGE,
	DEVICE_STATES,
};

extern const char *const device_states[DEVICE_STATES];

/* The source of the name of a host driver. */
enum home_from { HOME_NONE, HOME_JOURNAL, HOME_NOW, HOME_MODULES };
extern const char *const device_homes[HOME_MODULES + 1]; /* HOME_NONE: NULL */

/* A VM that has devices of the host. */
struct guest {
	const char *name;	 /* NULL: it has none */
	const char *uuid;
	const char *since;	 /* 2026-11-21T14:03:05Z; NULL: unknown */
	pid_t pid;		 /* of its QEMU; 0: unknown */
};

/* A mediated device of a parent. */
struct inventory_mdev {
	const char *uuid;
	const struct guest *guest; /* NULL: no VM has it */
};

/* A PCI function and all that is known of it. Only the names of VMs may be unfit for a terminal. */
struct device {
	struct pci_function pci;
	struct pci_place place;
	const char *vendor_name, *name, *class_name; /* of pci.ids; NULL: none */
	const char *slot;			     /* the label on the host; NULL */
	const char *home;			     /* the host driver; NULL: none */
	enum home_from home_from;
	struct strv mates;	   /* the other endpoints of its IOMMU group */
	const struct guest *guest; /* NULL: none */
	struct inventory_mdev *mdevs;
	size_t n_mdevs, mdevs_cap;
	enum device_state state;
	const char *why; /* the reason, as a clause: "eth0 carries the default route"; NULL */
};

/* The devices of this host. */
struct inventory {
	struct device *v; /* in the order of their addresses */
	size_t n, cap;
	struct strv unseen; /* sentences: what could not be read, and why */
};

/* The device with this address; NULL: it does not exist. */
struct device *device_find(const struct inventory *inv, const char *address);

/* The name in pci.ids, else vendor:device. */
const char *device_name(const struct device *d);

/* Is it a graphics or compute card, and not a VF of one? */
bool device_is_gpu(const struct device *d);
