/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/*
 * The PCI devices that the domain XML passes to the VM as vfio-pci, from facts.json: with
 * IOMMUFD, libvirt's command line has only descriptors of them.
 */
struct hostdev_fact {
	const char *address; /* 0000:05:00.0 */
	const char *id;	     /* 10de:1b06; NULL: the hook could not read it */
};

struct hostdev_facts {
	struct hostdev_fact *v;
	size_t n, cap;
};
