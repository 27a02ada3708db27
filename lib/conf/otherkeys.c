/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/otherkeys.h"

#include <stddef.h>

#include "str.h"

/* Of several for one key, each meaning is one row. */
static const struct {
	const char *meant, *keys[14];
} others[] = {
	{ "when-name", { "name", "vm", "domain", "guest", "vm-name", "when-vm", "when-domain", "when-guest", "if-name", "if", "match", "only" } },
	{ "when-uuid", { "uuid", "when-id", "if-uuid" } },
	{ "when-host", { "host", "hostname", "when-hostname", "when-node", "node" } },
	{ "when-user", { "user", "when-owner", "owner" } },
	{ "when-project", { "project", "tenant", "when-tenant" } },
	{ "when-flavor", { "flavor", "flavour", "when-flavour" } },
	{ "when-pci", { "when-device", "when-gpu", "when-card", "when-hostdev" } },
	{ "when-machine", { "when-type", "when-machine-type", "when-chipset" } },
	{ "when-option", { "when-args", "when-argument", "when-has" } },
	{ "when = always", { "always", "when-always", "when-all" } },
	{ "hide-hypervisor = kvm or hide-hypervisor = all", { "hide-kvm", "kvm-hidden", "hidden", "hide", "kvm" } },
	{ "machine-type", { "machine", "set-machine", "chipset" } },
	{ "set = -cpu PROPERTY=VALUE", { "cpu", "set-cpu", "cpu-flags", "cpuflags" } },
	{ "add = -OPTION VALUE", { "args", "arg", "append", "prepend", "extra-args", "qemu-args", "option", "options", "insert", "add-option", "commandline" } },
	{ "add = -device DRIVER,PROPERTY=VALUE", { "device", "devices" } },
	{ "add = -smbios type=N,FIELD=VALUE", { "smbios", "set-smbios" } },
	{ "set = -OPTION[SELECTOR] PROPERTY=VALUE", { "replace", "change", "modify", "override", "edit", "property", "set-property" } },
	{ "remove = -OPTION[SELECTOR]", { "delete", "del", "drop", "remove-option", "strip" } },
	{ "unset = -OPTION[SELECTOR] PROPERTY", { "remove-property", "clear", "reset" } },
	{ "pass-pci", { "pci", "gpu", "vga", "card", "hostdev", "hostpci", "hostpci0", "vfio", "passthrough", "add-pci", "pass-gpu", "pass-device" } },
	{ "pass-mdev", { "mdev", "vgpu", "pass-vgpu", "add-mdev" } },
	{ "pass-usb", { "usb", "usb0", "add-usb", "usb-host" } },
	{ "pass-disk", { "disk", "drive", "add-disk", "pass-drive", "pass-block" } },
	{ "share-9p", { "9p", "share", "mount", "filesystem", "folder", "virtfs", "share-folder", "share-9pfs" } },
	{ "the rules into files whose names sort in that order", { "priority", "order", "weight" } },
	{ "description", { "comment", "note", "desc", "title" } },
	{ "enabled = no", { "disabled", "disable", "off" } },
	{ "last = yes", { "stop", "final", "break" } },
};

const char *otherkeys_meant(const char *key)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (size_t k = 0; k < 14 && others[i].keys[k]; k++)
			if (str_eq(others[i].keys[k], key))
				return others[i].meant;
	return NULL;
}
