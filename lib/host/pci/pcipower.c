/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power_state is what the kernel knows (Documentation/ABI/testing/sysfs-bus-pci). D3cold is also
 * the state of a device whose config space reads as ones (pci_update_current_state() of
 * drivers/pci/pci.c); a device that sleeps in D3cold is suspended. A device that its driver has
 * left is unknown (pci_device_remove()), until the next driver enables it. Neither file takes the
 * device's lock or wakes it.
 */
#include "host/pci/pcipower.h"

#include <stddef.h>

#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

static bool is_asleep(const struct host *host, const char *address)
{
	const char *status = sysfs_text(
		host, pci_attribute_path(host->arena, address, "power/runtime_status"));

	return status && (str_starts(status, "suspend") || str_starts(status, "resum"));
}

const char *pcipower_lost(const struct host *host, const struct pci_function *f)
{
	const char *state =
		sysfs_text(host, pci_attribute_path(host->arena, f->address, "power_state"));

	if (!state)
		return NULL;
	if (str_eq(state, "D3cold"))
		return is_asleep(host, f->address) ? NULL : state;
	return f->driver && str_eq(state, "unknown") ? state : NULL;
}
