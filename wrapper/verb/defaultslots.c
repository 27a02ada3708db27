/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/defaultslots.h"

#include <string.h>

#include "arena.h"
#include "str.h"
#include "wrapper/line/setopt.h"
#include "wrapper/line/view.h"
#include "wrapper/line/pcidriver.h"
#include "wrapper/verb/slotmap.h"

/* do_pci_register_device() of hw/pci/pci.c: a slot is free if its function 0 is. */
static void place(struct slots *s, const char *user)
{
	for (unsigned slot = 0; slot < SLOTS; slot++)
		if (!s->function0[slot]) {
			slots_mark(s, slot << 3, user);
			return;
		}
}

static bool has(const struct cmdline *c, const char *option)
{
	return view_last(c, qemuopt_builtin(option)) >= 0;
}

/* ---- those of the machine ---- */

/* default_list of vl.c: with one of these, the machine has no VGA of its own. */
static bool is_display(const char *driver)
{
	static const char *const displays[] = { "VGA", "isa-vga", "cirrus-vga", "vmware-svga",
						"qxl-vga", "virtio-vga", "virtio-vga-gl",
						"ati-vga", "vhost-user-vga", "isa-cirrus-vga" };

	return STR_AMONG(displays, driver);
}

/* QEMU looks at the driver of each -device and of each -global. */
static bool has_display(const struct cmdline *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct arg *arg = &c->args[i];
		const struct optval *v;
		const struct prop *driver;

		if (!arg_is(arg, qemuopt_builtin("device")) &&
		    !arg_is(arg, qemuopt_builtin("global")))
			continue;
		v = view_parsed(c, arg, NULL);
		driver = v ? optval_get(v, "driver") : NULL;
		if (driver && is_display(driver->value))
			return true;
	}
	return false;
}

static void place_vga(const struct cmdline *c, struct slots *s)
{
	static const char *const without[] = { "none", "xenfb", "tcx", "cg3" };
	const char *vga = view_get(c, "vga", "value");

	if (vga && !STR_AMONG(without, vga))
		place(s, arena_printf(c->arena, "-vga %s", vga));
	else if (!vga && !has(c, "nodefaults") && !has_display(c))
		place(s, "the default VGA");
}

/* A card of -nic or -net nic; without a slot of its own if the option gives one. */
static void place_nic(const struct cmdline *c, struct slots *s, struct arg *arg)
{
	const struct optval *v = view_parsed(c, arg, NULL);
	const struct prop *type = v ? optval_get(v, "type") : NULL;
	const struct prop *model = v ? optval_get(v, "model") : NULL;
	bool net = str_eq(arg->opt->name, "net");

	if (!type || (net ? !str_eq(type->value, "nic") : str_eq(type->value, "none")))
		return;
	if ((net && optval_get(v, "addr")) || (model && str_eq(model->value, "ne2k_isa")))
		return;
	place(s, arena_printf(c->arena, "-%s %s", arg->opt->name, arg->value));
}

static void place_nics(const struct cmdline *c, struct slots *s, const char *option)
{
	for (size_t i = 0; i < c->n; i++)
		if (arg_is(&c->args[i], qemuopt_builtin(option)))
			place_nic(c, s, &c->args[i]);
}

static void place_sound(const struct cmdline *c, struct slots *s)
{
	static const char *const cards[] = { "ac97", "es1370", "hda", "virtio" };

	for (size_t i = 0; i < c->n; i++) {
		struct arg *arg = &c->args[i];
		const struct optval *v =
			arg_is(arg, qemuopt_builtin("audio")) ? view_parsed(c, arg, NULL) : NULL;
		const struct prop *model = v ? optval_get(v, "model") : NULL;
		const char *card = model			      ? model->value :
				   arg_is(arg, qemuopt_builtin("soundhw")) ? arg->value :
									     "";

		if (STR_AMONG(cards, card))
			place(s, arena_printf(c->arena, "-%s %s", arg->opt->name, arg->value));
	}
}

static void place_machine(const struct cmdline *c, struct slots *s)
{
	const char *usb = view_get(c, "machine", "usb");

	if (s->chipset == CHIPSET_Q35 && usb && str_to_bool(usb) == 1)
		slots_mark(s, 0x1d << 3, "the USB controller of -machine usb=on");
	place_vga(c, s);
	place_nics(c, s, "nic");
	place_nics(c, s, "net");
	if (!has(c, "nodefaults") && !has(c, "net") && !has(c, "nic") && !has(c, "netdev"))
		place(s, "the default network card");
	place_sound(c, s);
}

/* ---- those of the command line ---- */

static bool has_set(const struct cmdline *c, struct arg *arg, const char *key)
{
	struct setopt set;

	for (size_t i = 0; i < c->n; i++)
		if (arg_is(&c->args[i], qemuopt_builtin("set")) &&
		    setopt_names(c, &c->args[i], arg, &set) && str_eq(set.key, key))
			return true;
	return false;
}

static void place_device(const struct cmdline *c, struct slots *s, struct arg *arg, bool json)
{
	const struct optval *v = view_parsed(c, arg, NULL);
	const struct prop *driver = v ? optval_get(v, "driver") : NULL;
	const struct prop *bus = v ? optval_get(v, "bus") : NULL;

	if (!driver || v->json != json || optval_get(v, "addr") || has_set(c, arg, "addr"))
		return;
	if (slots_is_bus(s, bus ? bus->value : NULL) && pcidriver_is(c, driver->value))
		place(s, slots_user(c, v));
}

static void place_option(const struct cmdline *c, struct slots *s, struct arg *arg)
{
	static const char *const makers[] = { "virtfs", "virtfs_synth" };

	if (arg_is(arg, qemuopt_builtin("device")))
		place_device(c, s, arg, false);
	else if (s->first && !arg->removed && arg->opt &&
		 (STR_AMONG(makers, arg->opt->name) ||
		  (str_eq(arg->opt->name, "watchdog") && str_eq(arg->value, "i6300esb"))))
		place(s, arena_printf(c->arena, "-%s", arg->opt->name));
}

static void place_drive(const struct cmdline *c, struct slots *s, struct arg *arg)
{
	const struct optval *v =
		arg_is(arg, qemuopt_builtin("drive")) ? view_parsed(c, arg, NULL) : NULL;
	const struct prop *type = v ? optval_get(v, "if") : NULL;

	if (type && str_eq(type->value, "virtio") && !optval_get(v, "addr"))
		place(s, arena_printf(c->arena, "-drive %s", arg->value));
}

void defaultslots_mark(const struct cmdline *c, struct slots *s)
{
	if (s->first)
		place_machine(c, s);
	for (size_t i = 0; i < c->n; i++)
		place_option(c, s, &c->args[i]);
	for (size_t i = 0; s->first && i < c->n; i++)
		place_drive(c, s, &c->args[i]);
	for (size_t i = 0; i < c->n; i++)
		if (arg_is(&c->args[i], qemuopt_builtin("device")))
			place_device(c, s, &c->args[i], true);
}
