/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmshim generate: what others want to be told of a device, as text to paste. */
#include "ctl/generate/generate.h"

#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "err.h"
#include "nearest.h"

/* alike: it goes by vendor:device, so that equal devices are meant together. */
static const struct generator {
	const char *name;
	bool pci, usb, alike;
	void (*print)(struct choice *c);
} generators[] = {
	{ "nova", true, false, true, generate_nova },
	{ "xml", true, true, false, generate_xml },
	{ "grub", true, false, true, generate_grub },
	{ "modprobe", true, false, true, generate_modprobe },
	{ "juju", true, false, true, generate_juju },
	{ "proxmox", true, true, false, generate_proxmox },
	{ "lxc", false, true, false, generate_lxc },
	{ "rule", true, true, false, generate_rule },
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
	ctl_fail("generate: '%s' must be nova, xml, grub, modprobe, juju, proxmox, lxc or rule%s",
		 word, nearest_hint(ctl->arena, &near));
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
static int tell(struct ctl *ctl, const char *text)
{
	const char *list = strchr(text, '\n');

	if (!list)
		return ctl_fail("%s", text);
	ctl_fail("%s:", arena_strndup(ctl->arena, text, (size_t)(list - text)));
	fprintf(stderr, "%s\n", list + 1);
	return CTL_USAGE;
}

static int generate(struct ctl *ctl, const struct generator *g, char **words, int n)
{
	struct choice c = { .ctl = ctl };
	struct err err = { 0 };

	inventory_read(ctl, &c.inv);
	usb_list(ctl->arena, &ctl->root, &c.plugged);
	for (int i = 0; i < n; i++)
		if (choice_add(&c, words[i], g->alike, &err) < 0)
			return tell(ctl, err.text);
	if (!fits(g, &c))
		return CTL_USAGE;
	g->print(&c);
	return CTL_FINE;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const struct generator *g;

	if (argc == 2 && str_eq(argv[1], "--help"))
		return ctl_help(&command_generate);
	if (argc < 3)
		return ctl_usage(&command_generate);
	g = find_generator(ctl, argv[1]);
	return g ? generate(ctl, g, argv + 2, argc - 2) : CTL_USAGE;
}

const struct command command_generate = {
	.name = "generate",
	.usage = "nova|xml|grub|modprobe|juju|proxmox|lxc|rule DEVICE…",
	.help = "print the settings for a device in the syntax of Nova, libvirt, GRUB and others",
	.run = run,
};
