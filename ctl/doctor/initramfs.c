/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Did the script of `kvmshim generate initramfs` bind its devices? */
#include "host/initramfs.h"

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "host/pci/pci.h"

/* Why this device is not as the script wants it; NULL: it is. */
static const char *failure(const struct doctor *d, const struct initramfs_entry *e)
{
	const struct pci_function *f = machine_function(&d->machine, e->address);
	struct arena *a = d->host.arena;

	if (!f)
		return arena_printf(a, "%s does not exist", e->address);
	if (!str_eq(f->id, e->id))
		return arena_printf(a, "%s is %s, not %s", e->address, f->id, e->id);
	if (!f->driver)
		return arena_printf(a, "%s has no driver", e->address);
	return pci_driver_is_vfio(f->driver) ?
		       NULL :
		       arena_printf(a, "%s is bound to %s", e->address, f->driver);
}

/* An image that is newer than the boot has not run yet. */
static const char *fix(const struct doctor *d, const struct initramfs *i, bool elsewhere)
{
	struct arena *a = d->host.arena;

	if (elsewhere)
		return arena_printf(a, "kvmshim generate initramfs ADDRESS | sh with the addresses of today, "
				       "then %s, and reboot",
				    i->update);
	if (i->built && i->built < i->written)
		return arena_printf(a, "%s, and reboot", i->update);
	if (i->built && d->machine.booted && i->built > d->machine.booted)
		return "reboot";
	return arena_printf(a, "%s, and reboot; if that does not help, dmesg | grep kvmshim shows what the "
			       "script did",
			    i->update);
}

static struct row judge(const struct doctor *d, const struct initramfs *i)
{
	struct row_texts failed = { 0 };
	bool elsewhere = false;

	for (size_t k = 0; k < i->n; k++) {
		const struct pci_function *f = machine_function(&d->machine, i->v[k].address);
		const char *why = failure(d, &i->v[k]);

		if (why)
			row_add(d, &failed, "%s", why);
		elsewhere |= !f || !str_eq(f->id, i->v[k].id);
	}
	if (failed.n)
		return row_warn(d, fix(d, i, elsewhere), "%s did not bind all devices to vfio-pci: %s",
				i->script, row_list(d, &failed));
	if (i->built && i->built < i->written)
		return row_warn(d, fix(d, i, false), "%s is older than %s", i->image, i->script);
	return row_ok(d, "%s bound all of its devices to vfio-pci", i->script);
}

struct row doctor_initramfs(const struct doctor *d)
{
	struct initramfs i;

	initramfs_read(&d->host, &i);
	if (!i.script)
		return row_ok(d, "no script of `kvmshim generate initramfs` is installed");
	return i.unread ? row_unseen(d, i.script) : judge(d, &i);
}
