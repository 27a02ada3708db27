/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/device.h"

#include <stdlib.h>

const char *const device_states[DEVICE_STATES] = {
	[DEVICE_FREE] = "free",		  [DEVICE_VM] = "vm",
	[DEVICE_MOVING] = "moving",	  [DEVICE_BUSY] = "busy",
	[DEVICE_BLOCKED] = "blocked",	  [DEVICE_HOST] = "host",
	[DEVICE_LEFT_OVER] = "left-over", [DEVICE_STUCK] = "stuck",
	[DEVICE_UNKNOWN] = "unknown",	  [DEVICE_BRIDGE] = "bridge",
};

const char *const device_homes[HOME_MODULES + 1] = {
	[HOME_JOURNAL] = "journal",
	[HOME_NOW] = "now",
	[HOME_MODULES] = "modules",
};

const char *device_name(const struct device *d)
{
	return d->name ? d->name : d->pci.id;
}

bool device_is_gpu(const struct device *d)
{
	unsigned base = d->pci.class >> 16;

	return (base == 0x03 || base == 0x12 || d->pci.class >> 8 == 0x0001) && !d->pci.physfn &&
	       !d->pci.bridge;
}

static int compare_address(const void *address, const void *device)
{
	return pcihost_compare(address, ((const struct device *)device)->pci.address);
}

struct device *device_find(const struct inventory *inv, const char *address)
{
	if (!inv->n)
		return NULL;
	return bsearch(address, inv->v, inv->n, sizeof(*inv->v), compare_address);
}
