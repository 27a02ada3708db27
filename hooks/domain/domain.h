/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "conf/condition.h"
#include "hooks/domain/memory.h"
#include "hooks/domain/usb.h"

struct arena;
struct err;

enum hostdev_kind { HOSTDEV_PCI, HOSTDEV_MDEV };

/* A <hostdev>, an <interface type='hostdev'> or a <disk type='nvme'>, of kinds that VFIO serves. */
struct hostdev {
	enum hostdev_kind kind;
	const char *device;	  /* 0000:05:00.0, or the UUID of a mediated device */
	bool managed;		  /* managed='yes': libvirt binds it */
	const char *driver_model; /* <driver model='mlx5_vfio_pci'/>; NULL */
	bool nvme;		  /* a <disk>: QEMU's own driver has it, not vfio-pci */
	bool iommufd;		  /* by <driver iommufd=>, else by the domain's <iommufd> */
};

/* The parts of a domain that the hook needs (https://libvirt.org/formatdomain.html). */
struct domain {
	const char *name;
	const char *uuid; /* as str_uuid() makes it */
	struct hostdev *hostdevs;
	size_t n, cap;
	bool iommufd; /* <iommufd enabled='yes'/>: what a PCI device has that says nothing else */
	struct usb_hostdevs usb;
	struct domain_memory memory;
	/* name, uuid, and what Nova's metadata says (namespaces nova 1.0 and 1.1) */
	struct facts facts;
	/* <seclabel model='dac'><label>+64055:+64055</label>: known from `start` on */
	bool has_owner;
	uid_t uid;
	gid_t gid;
};

#define DOMAIN_MAX ((size_t)8 << 20)
#define HOSTDEVS_MAX 1024 /* a host that has 100 of them is a large one */

/*
 * Reads a domain XML: at most DOMAIN_MAX bytes, no DOCTYPE, no network, no entities, libxml2's
 * own limits on depth and names. 0, or -errno with one sentence in err.
 */
int domain_parse(struct arena *a, const char *xml, size_t len, struct domain *d, struct err *err);

/* The same, but of its name and UUID only: nothing else has to be right. */
int domain_identify(struct arena *a, const char *xml, size_t len, struct domain *d,
		    struct err *err);
