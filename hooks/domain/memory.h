/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nodeset.h"

struct _xmlNode;
struct arena;
struct err;

/* A part of a VM's memory that is to be of one kind, in one place. */
struct memory_need {
	bool huge;
	unsigned long long page; /* KiB, of huge pages; 0: the host's default */
	struct nodeset nodes;	 /* of the host; empty: any NUMA node */
	unsigned long long kib;
};

/* The memory that the domain XML requests (https://libvirt.org/formatdomain.html). */
struct domain_memory {
	struct memory_need *needs;
	size_t n, cap;
	unsigned long long kib; /* all of it, devices included */
	bool locked;		/* <memoryBacking><locked/>: all of it at once, and never swapped */
	bool limited;		/* <memtune><hard_limit>: libvirt sets the limit of locked memory by it */
};

/* domain: the root of the tree. 0, or -EINVAL with "line 12: …". */
int domainmemory_take(struct arena *a, const struct _xmlNode *domain, struct domain_memory *m,
		      struct err *err);
