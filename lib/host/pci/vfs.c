/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/vfs.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

/* The routing id of a function: bus, device and function in 16 bits. */
static bool routing_id(const char *address, unsigned *domain, long *id)
{
	unsigned bus, device, function;

	if (sscanf(address, "%x:%x:%x.%x", domain, &bus, &device, &function) != 4)
		return false;
	*id = (long)(bus << 8 | device << 3 | function);
	return true;
}

/* -1: the PF has no such file. */
static long number(const struct host *host, const char *pf, const char *name)
{
	const char *text = sysfs_text(host, pci_attribute_path(host->arena, pf, name));

	return text ? strtol(text, NULL, 10) : -1;
}

bool vfs_include(const struct host *host, const char *pf, long count, const char *vf)
{
	long from, to, offset = number(host, pf, "sriov_offset"),
		       stride = number(host, pf, "sriov_stride");
	unsigned domain, other;

	if (offset <= 0 || stride < 0 || !routing_id(pf, &domain, &from) ||
	    !routing_id(vf, &other, &to) || domain != other)
		return false;
	to -= from + offset;
	if (to == 0)
		return count > 0;
	return to > 0 && stride > 0 && to % stride == 0 && to / stride < count;
}

int vfs_number(const struct host *host, const char *pf, const char *vf)
{
	for (int i = 0;; i++) {
		const char *name = arena_printf(host->arena, "virtfn%d", i);
		const char *at = sysfs_link(host, pci_attribute_path(host->arena, pf, name));

		if (!at || str_eq(at, vf))
			return at ? i : -1;
	}
}
