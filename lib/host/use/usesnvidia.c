/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesnvidia.h"

#include <fcntl.h>
#include <stdlib.h>

#include "arena.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

#define MODESET "/sys/module/nvidia_drm/parameters/modeset"

bool uses_nvidia_modeset(const struct host *host, const char *address)
{
	const char *driver = pci_driver(host, address), *modeset;

	if (!driver || !str_eq(driver, "nvidia") ||
	    !sysfs_has_at(AT_FDCWD,
			  root_path(host, pci_attribute_path(host->arena, address, "drm"))))
		return false;
	modeset = sysfs_text_at(host->arena, AT_FDCWD, root_path(host, MODESET));
	return modeset && (*modeset == 'Y' || *modeset == '1');
}

#define LASTING 595

const char *uses_nvidia_version(const struct host *host)
{
	return sysfs_text(host, "/sys/module/nvidia/version");
}

/* The link to a driver that is stuck in an unbind is gone by then. */
bool uses_nvidia_lasting(const struct host *host, const char *address)
{
	const char *id = pci_id(host, address), *version = uses_nvidia_version(host);

	return id && str_starts(id, "10de:") && version && strtol(version, NULL, 10) >= LASTING;
}

static bool is_virtual(const struct host *host, const char *address)
{
	return sysfs_has_at(AT_FDCWD,
			    root_path(host, pci_attribute_path(host->arena, address, "physfn")));
}

const char *uses_nvidia_other(const struct host *host, const struct strv *addresses)
{
	struct strv bound = { 0 };

	sysfs_list(host, "/sys/bus/pci/drivers/nvidia", &bound);
	for (size_t i = 0; i < bound.n; i++)
		if (pci_is_address(bound.v[i]) && !strv_has(addresses, bound.v[i]) &&
		    !is_virtual(host, bound.v[i]))
			return bound.v[i];
	return NULL;
}
