/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grub and modprobe: devices that VFIO is to have from boot on. With the hook that is not
 * needed, and the text says so.
 */
#include "ctl/generate/boot.h"

#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/generate/choice.h"
#include "host/cpuvendor.h"
#include "host/modalias.h"

/* Each vendor:device once: "10de:1b06,10de:10ef". */
static const char *ids(struct choice *c)
{
	struct strbuf text = { .arena = c->ctl->host.arena };

	for (size_t i = 0; i < c->n; i++)
		if (chosen_is_first_of_id(c, i))
			strbuf_addf(&text, "%s%s", text.len ? "," : "", c->v[i].device->pci.id);
	return strbuf_text(&text);
}

static bool is_chosen(const struct choice *c, const struct device *d)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].device == d)
			return true;
	return false;
}

static bool has_id_of_chosen(const struct choice *c, const struct device *d)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->v[i].device->pci.id, d->pci.id))
			return true;
	return false;
}

/* vfio-pci.ids knows no addresses. */
static void tell_twins(struct choice *c, const char *before)
{
	for (size_t i = 0; i < c->inv.n; i++) {
		const struct device *d = &c->inv.v[i];

		if (!is_chosen(c, d) && has_id_of_chosen(c, d))
			printf("%s# Attention: %s has the same ID (%s), and is taken from the "
			       "host as well.\n",
			       before, d->pci.address, d->pci.id);
	}
}

static void tell_chosen(struct choice *c, const char *before)
{
	for (size_t i = 0; i < c->n; i++)
		printf("%s# %s  %s  %s\n", before, c->v[i].device->pci.address,
		       c->v[i].device->pci.id, chosen_name(c, &c->v[i]));
	tell_twins(c, before);
}

void generate_kernel_line(struct choice *c, const char *before)
{
	const char *vendor = cpuvendor(&c->ctl->host);
	bool amd = vendor && str_eq(vendor, "AuthenticAMD");

	printf("%sGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX %siommu=pt vfio-pci.ids=%s\"\n", before,
	       amd ? "" : "intel_iommu=on ", ids(c));
}

void generate_grub(struct choice *c)
{
	puts("# Save as /etc/default/grub.d/90-vfio.cfg, run update-grub, and reboot. On RHEL and\n"
	     "# distributions based on it, instead run grubby --update-kernel=ALL --args='…' with\n"
	     "# the arguments that are added below.\n"
	     "#\n"
	     "# The IOMMU must also be enabled in the firmware. vfio-pci.ids works only if "
	     "vfio-pci\n"
	     "# is loaded before the other drivers: see kvmshim generate modprobe. If you use\n"
	     "# kvmshim-hook, omit vfio-pci.ids: the hook binds a device when a VM starts.\n"
	     "#");
	tell_chosen(c, "");
	generate_kernel_line(c, "");
}

/* The modules that would take the device before vfio-pci; what it has now is one of them. */
static void modules_of(struct choice *c, const struct modaliases *aliases,
		       const struct device *d, struct strv *modules)
{
	size_t before = modules->n;
	struct strv found = { 0 };

	modaliases_find(c->ctl->host.arena, aliases, d->pci.modalias, &found);
	for (size_t i = 0; i < found.n; i++)
		if (!strv_has(modules, found.v[i]))
			strv_push(c->ctl->host.arena, modules, found.v[i]);
	if (modules->n == before && !found.n && d->home && !strv_has(modules, d->home))
		strv_push(c->ctl->host.arena, modules, d->home);
}

void generate_modules(struct choice *c, const char *before)
{
	struct modaliases aliases;
	struct strv modules = { 0 };

	modaliases_read(&c->ctl->host, NULL, &aliases);
	for (size_t i = 0; i < c->n; i++)
		modules_of(c, &aliases, c->v[i].device, &modules);
	printf("%soptions vfio-pci ids=%s\n", before, ids(c));
	for (size_t i = 0; i < modules.n; i++)
		printf("%ssoftdep %s pre: vfio-pci\n", before,
		       str_printable(c->ctl->host.arena, modules.v[i]));
	for (size_t i = 0; i < modules.n; i++)
		printf("%s#blacklist %s\n", before,
		       str_printable(c->ctl->host.arena, modules.v[i]));
}

void generate_modprobe(struct choice *c)
{
	puts("# Save as /etc/modprobe.d/vfio.conf, run update-initramfs -u (on RHEL and "
	     "distributions\n"
	     "# based on it: dracut -f), and reboot. If you use kvmshim-hook, this file is not "
	     "needed:\n"
	     "# the hook binds a device when a VM starts, and returns it when the VM has stopped.\n"
	     "#\n"
	     "# A blacklist line disables a module for all devices of the host. Remove the # only "
	     "if\n"
	     "# no other device needs the module. If the driver is built into the kernel, neither\n"
	     "# line has an effect.\n"
	     "#");
	tell_chosen(c, "");
	generate_modules(c, "");
}
