/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hide-hypervisor and machine-type: verbs that change existing options. */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/view.h"
#include "wrapper/match.h"
#include "wrapper/verb/chipset.h"
#include "wrapper/verb/common.h"
#include "wrapper/verb/edit.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/highverbs.h"

#define VENDOR_MAX 12 /* three registers of CPUID leaf 0x40000000 */

static int check_hide(struct arena *a, const struct params *p, struct err *err)
{
	const char *vendor = params_get(p, "vendor");

	(void)a;
	if (!str_eq(p->place[0], "kvm") && !str_eq(p->place[0], "all"))
		return err_set(err, EINVAL,
			       "'%s': must be kvm (hides KVM's CPUID leaves) or all "
			       "(hides the hypervisor bit too)",
			       p->place[0]);
	if (vendor && (strlen(vendor) > VENDOR_MAX || strchr(vendor, ',')))
		return err_set(err, EINVAL, "vendor=%s: maximum %d bytes, and no comma", vendor,
			       VENDOR_MAX);
	return 0;
}

static void push(struct edit *e, struct assigns *as, const char *key, const char *value)
{
	*arena_push(e->arena, as->v, as->n, as->cap) = (struct assign){ key, value, false };
}

/* hyperv_enabled() of target/i386/kvm: any enlightenment, but not the vendor alone. */
static bool has_hyperv(struct edit *e)
{
	ptrdiff_t at = view_last(e->c, qemuopt_find(&e->c->opts, "cpu"));
	const struct optval *v = at < 0 ? NULL : view_parsed(e->c, &e->c->args[at], NULL);

	for (size_t i = 0; v && i < v->n; i++) {
		const char *key = v->props[i].key;

		if ((str_starts(key, "hv-") || str_starts(key, "hv_")) &&
		    !optval_same_key(v->opt, key, "hv-vendor-id") &&
		    !str_eq(v->props[i].value, "off"))
			return true;
	}
	return false;
}

/* tcg-cpuid is what QEMU's own emulation says of itself, where KVM would say KVMKVMKVM. */
static int apply_hide(struct edit *e, const struct params *p, struct err *err)
{
	const char *vendor = params_get(p, "vendor");
	struct assigns as = { 0 };

	push(e, &as, "kvm", "off");
	if (str_eq(match_accel(e->c), "tcg"))
		push(e, &as, "tcg-cpuid", "off");
	if (str_eq(p->place[0], "all"))
		push(e, &as, "hypervisor", "off");
	if (vendor)
		push(e, &as, "hv-vendor-id", vendor);
	if (vendor && !has_hyperv(e))
		editor_tell_nothing(e, "QEMU shows vendor= only if an hv-* feature is on, and this "
				       "command line has no such feature");
	e->opt = qemuopt_find(&e->c->opts, "cpu");
	return edit_assign(e, &as, err);
}

const struct high high_hide_hypervisor = {
	.form = {
		.usage = "kvm|all [vendor=TEXT]",
		.places = 1,
		.keys = (const char *const[]){ "vendor", NULL },
	},
	.check = check_hide,
	.apply = apply_hide,
};

/* ---- machine-type ---- */

/* A device on the old chipset's bus; NULL if none names it. */
static const char *named_bus(struct edit *e, const char *old, const char *new)
{
	enum chipset from = chipset_of(old), to = chipset_of(new);
	const char *bus = chipset_bus(from);

	if (from == to || !bus || to == CHIPSET_UNKNOWN || !high_user_of(e, "bus", bus))
		return NULL;
	return bus;
}

static int apply_machine(struct edit *e, const struct params *p, struct err *err)
{
	const char *old = view_get(e->c, "machine", "type"), *bus = named_bus(e, old, p->place[0]);
	struct assigns as = { 0 };

	if (bus)
		return err_set(
			err, EINVAL,
			"%s to %s changes the chipset, but devices on the command line use "
			"bus %s; change <type machine=…> in the domain XML instead, and "
			"remove the <address> elements so that libvirt chooses new addresses",
			old ? old : "the default type", p->place[0], bus);
	push(e, &as, "type", p->place[0]);
	e->opt = qemuopt_find(&e->c->opts, "machine");
	return edit_assign(e, &as, err);
}

const struct high high_machine_type = {
	.form = { .usage = "NEW", .places = 1 },
	.apply = apply_machine,
};
