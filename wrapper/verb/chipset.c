/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/chipset.h"

#include <stddef.h>

#include "glob.h"

/*
 * The first that fits. pc-1.3 is QEMU's own before it said i440fx; rhel6.6.0 is
 * RHEL 6's; pc+pve0 is Proxmox's; Ubuntu's alias is ubuntu and ubuntu-q35.
 */
static const struct {
	const char *glob;
	enum chipset chipset;
} types[] = {
	{ "q35", CHIPSET_Q35 },
	{ "q35+*", CHIPSET_Q35 },
	{ "pc-q35-*", CHIPSET_Q35 },
	{ "ubuntu-q35*", CHIPSET_Q35 },
	{ "pc", CHIPSET_I440FX },
	{ "pc+*", CHIPSET_I440FX },
	{ "pc-i440fx-*", CHIPSET_I440FX },
	{ "pc-0.*", CHIPSET_I440FX },
	{ "pc-1.*", CHIPSET_I440FX },
	{ "rhel6.*", CHIPSET_I440FX },
	{ "ubuntu", CHIPSET_I440FX },
	{ "xenfv*", CHIPSET_I440FX },
};

enum chipset chipset_of(const char *machine)
{
	if (!machine || *machine == '\0')
		return CHIPSET_I440FX;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (glob_match(types[i].glob, machine))
			return types[i].chipset;
	return CHIPSET_UNKNOWN;
}

const char *chipset_bus(enum chipset chipset)
{
	static const char *const buses[] = {
		[CHIPSET_UNKNOWN] = NULL,
		[CHIPSET_I440FX] = "pci.0",
		[CHIPSET_Q35] = "pcie.0",
	};

	return buses[chipset];
}
