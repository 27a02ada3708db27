/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * initramfs: binds functions to vfio-pci by address. vfio-pci.ids knows no addresses, and a rule of
 * udev is as late as the module that it would be before. What is early enough is a script that sets
 * driver_override before udev looks for drivers: init-top of initramfs-tools, pre-udev of dracut.
 */
#include "ctl/generate/initramfs.h"

#include <errno.h>
#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/generate/choice.h"
#include "err.h"
#include "host/initramfs.h"
#include "host/machine.h"

/* ---- what speaks against it ---- */

static bool is_chosen(const struct choice *c, const char *address)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->v[i].device->pci.address, address))
			return true;
	return false;
}

int generate_initramfs_check(const struct choice *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct device *d = c->v[i].device;

		if (d->home && !pci_driver_is_vfio(d->home) &&
		    machine_is_built_in(&c->ctl->host, d->home))
			return err_set(err, EBUSY,
				       "generate initramfs: driver %s is built into the kernel and binds %s "
				       "before the initramfs runs; let kvmshim-hook bind the device when the "
				       "VM starts",
				       d->home, d->pci.address);
	}
	return 0;
}

static void tell_boot_display(const struct device *d)
{
	if (d->pci.boot_vga)
		printf("# Attention: %s is the boot display. After the next boot, the host has no console\n"
		       "# on it: make sure that you can log in otherwise.\n",
		       d->pci.address);
}

/* VFIO needs the whole group (vfio_group_viable() of the kernel). */
static void tell_mates(const struct choice *c, const struct device *d)
{
	for (size_t i = 0; i < d->mates.n; i++) {
		const struct device *mate = device_find(&c->inv, d->mates.v[i]);

		if (mate && !is_chosen(c, mate->pci.address))
			printf("# Attention: %s (%s) shares IOMMU group %d with %s and is not bound. A VM can\n"
			       "# use the group only if VFIO has all of it, or the hook binds the rest.\n",
			       mate->pci.address,
			       mate->pci.driver ? str_printable(c->ctl->host.arena, mate->pci.driver) :
						  "no driver",
			       d->pci.group, d->pci.address);
	}
}

static void tell_driver(const struct choice *c, const struct device *d)
{
	if (d->pci.driver && pci_driver_is_vfio(d->pci.driver))
		printf("# %s is bound to %s now.\n", d->pci.address,
		       str_printable(c->ctl->host.arena, d->pci.driver));
}

static void tell_chosen(struct choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		printf("# %s  %s  %s\n", c->v[i].device->pci.address, c->v[i].device->pci.id,
		       chosen_name(c, &c->v[i]));
	for (size_t i = 0; i < c->n; i++) {
		tell_driver(c, c->v[i].device);
		tell_boot_display(c->v[i].device);
		tell_mates(c, c->v[i].device);
	}
}

/* ---- the program ---- */

static const char about[] =
	"#!/bin/sh\n"
	"# Run this as root, for example kvmshim generate initramfs ADDRESS | sh. It installs a\n"
	"# script for the initramfs that binds these devices to vfio-pci by address, before udev\n"
	"# loads their drivers. Equal devices at other addresses keep their drivers.\n"
	"#\n"
	"# Then run the command that it prints, and reboot. kvmshim doctor shows if it worked.\n"
	"# To undo it, remove the files, and run the same command:\n"
	"#   initramfs-tools: " INITRAMFS_TOOLS_SCRIPT "\n"
	"#                    " INITRAMFS_TOOLS_HOOK "\n"
	"#   dracut:          " INITRAMFS_DRACUT "\n"
	"#\n";

/* initramfs-tools runs it, dracut reads it with the others: it must not exit, or set anything. */
static const char script_head[] =
	"\nset -eu\n\n"
	"script() {\n"
	"\tcat <<'END'\n"
	"#!/bin/sh\n"
	"# Written by kvmshim generate initramfs. Binds devices to vfio-pci before udev starts.\n"
	"\n"
	"[ \"${1-}\" = prereqs ] && exit 0\n"
	"\n"
	"kvmshim_log() {\n"
	"\techo \"kvmshim: $*\" >/dev/kmsg 2>/dev/null || true\n"
	"}\n"
	"\n"
	"# kvmshim_bind ADDRESS VENDOR:DEVICE: addresses change when cards are added or removed\n"
	"kvmshim_bind() {\n"
	"\tkvmshim_at=/sys/bus/pci/devices/$1\n"
	"\tif [ ! -e \"$kvmshim_at/vendor\" ]; then\n"
	"\t\tkvmshim_log \"$1 does not exist, so it is not bound to vfio-pci\"\n"
	"\t\treturn 0\n"
	"\tfi\n"
	"\tread -r kvmshim_vendor <\"$kvmshim_at/vendor\"\n"
	"\tread -r kvmshim_device <\"$kvmshim_at/device\"\n"
	"\tkvmshim_id=${kvmshim_vendor#0x}:${kvmshim_device#0x}\n"
	"\tif [ \"$kvmshim_id\" != \"$2\" ]; then\n"
	"\t\tkvmshim_log \"$1 is $kvmshim_id, not $2, so it is not bound to vfio-pci\"\n"
	"\t\treturn 0\n"
	"\tfi\n"
	"\techo vfio-pci >\"$kvmshim_at/driver_override\"\n"
	"\tmodprobe vfio-pci 2>/dev/null || true\n"
	"\t[ -e \"$kvmshim_at/driver\" ] || echo \"$1\" >/sys/bus/pci/drivers_probe || true\n"
	"\tkvmshim_driver=$(readlink \"$kvmshim_at/driver\" || true)\n"
	"\tkvmshim_log \"$1 has driver ${kvmshim_driver##*/}\"\n"
	"}\n"
	"\n";

static const char script_end[] = "END\n}\n\n";

/*
 * Scripts of init-top without prerequisites run in the order of their names (set_initlist() and
 * tsort of cache_run_scripts()), so kvmshim-vfio is before udev. nothing can make udev wait.
 */
static const char install_tools[] =
	"found=\n"
	"if command -v mkinitramfs >/dev/null; then\n"
	"\tfound=1\n"
	"\tmkdir -p " INITRAMFS_TOOLS "/scripts/init-top " INITRAMFS_TOOLS "/hooks\n"
	"\tscript >" INITRAMFS_TOOLS_SCRIPT "\n"
	"\tcat >" INITRAMFS_TOOLS_HOOK " <<'END'\n"
	"#!/bin/sh\n"
	"# Written by kvmshim generate initramfs: vfio-pci for its script.\n"
	"\n"
	"[ \"${1-}\" = prereqs ] && exit 0\n"
	"\n"
	". /usr/share/initramfs-tools/hook-functions\n"
	"manual_add_modules vfio-pci\n"
	"END\n"
	"\tchmod 755 " INITRAMFS_TOOLS_SCRIPT " \\\n"
	"\t\t" INITRAMFS_TOOLS_HOOK "\n"
	"\techo 'now run update-initramfs -u, and reboot'\n"
	"fi\n";

static const char install_dracut[] =
	"if command -v dracut >/dev/null; then\n"
	"\tfound=1\n"
	"\tmkdir -p " INITRAMFS_DRACUT "\n"
	"\tscript >" INITRAMFS_DRACUT_SCRIPT "\n"
	"\tcat >" INITRAMFS_DRACUT "/module-setup.sh <<'END'\n"
	"#!/bin/bash\n"
	"# Written by kvmshim generate initramfs: vfio-pci, and its script before udev.\n"
	"\n"
	"check() {\n"
	"\treturn 0\n"
	"}\n"
	"\n"
	"depends() {\n"
	"\treturn 0\n"
	"}\n"
	"\n"
	"installkernel() {\n"
	"\thostonly='' instmods vfio-pci\n"
	"}\n"
	"\n"
	"install() {\n"
	"\tinst_multiple readlink\n"
	"\tinst_hook pre-udev 00 \"$moddir/kvmshim-vfio.sh\"\n"
	"}\n"
	"END\n"
	"\tchmod 755 " INITRAMFS_DRACUT_SCRIPT " \\\n"
	"\t\t" INITRAMFS_DRACUT "/module-setup.sh\n"
	"\techo 'now run dracut -f, and reboot'\n"
	"fi\n"
	"if [ -z \"$found\" ]; then\n"
	"\techo 'neither initramfs-tools (mkinitramfs) nor dracut is installed' >&2\n"
	"\texit 1\n"
	"fi\n";

void generate_initramfs(struct choice *c)
{
	fputs(about, stdout);
	tell_chosen(c);
	fputs(script_head, stdout);
	for (size_t i = 0; i < c->n; i++)
		printf(INITRAMFS_WORD " %s %s\n", c->v[i].device->pci.address,
		       c->v[i].device->pci.id);
	fputs(script_end, stdout);
	fputs(install_tools, stdout);
	fputs(install_dracut, stdout);
}
