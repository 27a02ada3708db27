/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmshim generate: the settings of a device in the syntax of another program. */
#include <stdio.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/inventory.h"
#include "ctl/generate/boot.h"
#include "ctl/generate/choice.h"
#include "ctl/generate/cloud.h"
#include "ctl/generate/initramfs.h"
#include "ctl/generate/vm.h"
#include "err.h"
#include "nearest.h"

/* alike: the text names vendor:device, so it is about all equal devices together. */
static const struct generator {
	const char *name;
	bool pci, usb, alike;
	void (*print)(struct choice *c);
	const char *help; /* of its text */
	const char *example;
	int (*check)(const struct choice *c, struct err *err); /* NULL: it is for all devices */
} generators[] = {
	{ "nova", true, false, true, generate_nova,
	  "device_spec and alias for nova.conf, and the command for a flavor", "10de:1b06" },
	{ "xml", true, true, false, generate_xml, "<hostdev> elements for a libvirt domain",
	  "01:00" },
	{ "grub", true, false, true, generate_grub,
	  "kernel command line for GRUB: IOMMU and vfio-pci.ids", "10de:1b06" },
	{ "modprobe", true, false, true, generate_modprobe,
	  "options, softdep and blacklist lines for modprobe.d", "10de:1b06" },
	{ "initramfs", true, false, false, generate_initramfs,
	  "script that binds devices to vfio-pci at boot, by address", "02:00",
	  generate_initramfs_check },
	{ "juju", true, false, true, generate_juju,
	  "cloudinit-userdata for a Juju model, and options of the charms", "10de:1b06" },
	{ "proxmox", true, true, false, generate_proxmox,
	  "lines for a VM configuration of Proxmox, and a mapping", "01:00" },
	{ "lxc", false, true, false, generate_lxc,
	  "lines that let a container open a USB device", "1-4.2" },
	{ "rule", true, true, false, generate_rule, "a rule of kvmshim-rules(5)", "01:00" },
};
#define N_GENERATORS (sizeof(generators) / sizeof(generators[0]))

static const struct generator *find_generator(struct ctl *ctl, const char *word)
{
	struct nearest near = { .word = word };

	for (size_t i = 0; i < N_GENERATORS; i++) {
		if (str_eq(generators[i].name, word))
			return &generators[i];
		nearest_try(&near, generators[i].name);
	}
	ctl_fail("generate: '%s' must be nova, xml, grub, modprobe, initramfs, juju, proxmox, lxc or "
		 "rule%s",
		 word, nearest_hint(ctl->host.arena, &near));
	return NULL;
}

static bool fits(const struct generator *g, const struct choice *c)
{
	if ((!c->n || g->pci) && (!c->n_usb || g->usb))
		return true;
	ctl_fail("generate %s supports %s devices only", g->name, g->pci ? "PCI" : "USB");
	return false;
}

/* A list of what is meant has lines of its own, which ctl_fail() would not show as such. */
static int report(struct ctl *ctl, const char *text)
{
	const char *list = strchr(text, '\n');

	if (!list)
		return ctl_fail("%s", text);
	ctl_fail("%s:", arena_strndup(ctl->host.arena, text, (size_t)(list - text)));
	fprintf(stderr, "%s\n", list + 1);
	return CTL_USAGE;
}

static int generate(struct ctl *ctl, const struct generator *g, const struct strv *words)
{
	struct choice c = { .ctl = ctl };
	struct err err = { 0 };

	inventory_read(ctl, &c.inv);
	usb_list(&ctl->host, &c.plugged);
	for (size_t i = 0; i < words->n; i++)
		if (choice_add(&c, words->v[i], g->alike, &err) < 0)
			return report(ctl, err.text);
	if (!fits(g, &c))
		return CTL_USAGE;
	if (g->check && g->check(&c, &err) < 0) {
		ctl_fail("%s", err.text);
		return CTL_FOUND;
	}
	g->print(&c);
	return CTL_FINE;
}

struct asked {
	struct strv devices;
};

#define ABOUT_DEVICE \
	"DEVICE is an address (0000:01:00.0), a slot (01:00), VENDOR:DEVICE (10de:1b06),\n" \
	"the port of a USB device (1-4.2), or a part of the name of the device."

/* `generate nova` and the like are commands too. */
static int run_kind(struct ctl *ctl, const struct generator *g, int argc, char *const *argv)
{
	const char *devices = g->pci ? g->usb ? "PCI and USB devices" : "PCI devices" : "USB devices";
	struct arena *a = ctl->host.arena;
	struct asked asked = { 0 };
	struct command command = {
		.name = arena_printf(a, "generate %s", g->name),
		.usage = "DEVICE…",
		.about = arena_printf(a, "Prints, for %s:\n  %s\n\n" ABOUT_DEVICE, devices, g->help),
		.operands = { .name = "DEVICE", .needed = true, .many = true },
		.examples = arena_printf(a, "kvmshim generate %s %s", g->name, g->example),
	};
	int status;

	if (!options_read(ctl, &command, argc, argv, &asked, &status))
		return status;
	return generate(ctl, g, &asked.devices);
}

static void print_kinds(struct arena *a)
{
	(void)a;
	putchar('\n');
	for (size_t i = 0; i < N_GENERATORS; i++)
		printf("  %-9s  %s\n", generators[i].name, generators[i].help);
}

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	const struct generator *g;
	int status;

	if (!options_read(ctl, &command_generate, argc, argv, NULL, &status))
		return status;
	if (optind >= argc)
		return ctl_wrong(&command_generate,
				 "KIND is missing: write kvmshim generate nova|xml|grub|modprobe|initramfs|"
				 "juju|proxmox|lxc|rule DEVICE…");
	g = find_generator(ctl, argv[optind]);
	return g ? run_kind(ctl, g, argc - optind, argv + optind) : CTL_USAGE;
}

const struct command command_generate = {
	.name = "generate",
	.usage = "KIND DEVICE…",
	.help = "print the settings of devices for Nova, libvirt, GRUB and others",
	.about = "Prints the settings for devices of this host, in the syntax of another program.\n"
		 ABOUT_DEVICE,
	.operands = { .name = "KIND", .is_command = true },
	.print_list = print_kinds,
	.examples = "kvmshim generate xml 01:00\n"
		    "kvmshim generate nova --help",
	.run = run,
};
