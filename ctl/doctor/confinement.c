/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SELinux: does it let the hook bind and the wrapper run what is behind it? */
#include <sys/xattr.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "host/sysfs.h"
#include "root.h"
#include "shellword.h"

static const char *here(const struct doctor *d, const char *path)
{
	return root_path(&d->host, path);
}

static bool label_of(const char *path, char *label, size_t size)
{
	ssize_t len = getxattr(path, "security.selinux", label, size - 1);

	label[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* A wrapper with another label than its QEMU: the domain of VMs cannot be entered by it. */
static const struct emulator *mislabelled(const struct doctor *d)
{
	char front[256], real[256];

	for (size_t i = 0; i < d->n_emulators; i++) {
		const struct emulator *e = &d->emulators[i];

		if (e->wraps && e->real &&
		    label_of(here(d, e->path), front, sizeof(front)) &&
		    label_of(e->real, real, sizeof(real)) && !str_eq(front, real))
			return e;
	}
	return NULL;
}

#define POLICIES "/var/lib/selinux"

/* Is the policy module that lets the wrapper run the real QEMU missing from all policies here? */
static bool lacks_module(const struct doctor *d)
{
	struct strv policies = { 0 };
	bool seen = false;

	sysfs_list(&d->host, POLICIES, &policies);
	for (size_t i = 0; i < policies.n; i++) {
		const char *modules =
			arena_printf(d->host.arena, POLICIES "/%s/active/modules", policies.v[i]);
		struct strv priorities = { 0 };

		sysfs_list(&d->host, modules, &priorities);
		for (size_t k = 0; k < priorities.n; k++)
			if (sysfs_has(&d->host, arena_printf(d->host.arena, "%s/%s/kvmshim",
							     modules, priorities.v[k])))
				return false;
		seen = seen || priorities.n;
	}
	return seen;
}

struct row doctor_selinux(const struct doctor *d)
{
	int hooks = confinement_boolean(&d->host, "virt_hooks_unconfined");
	const struct emulator *wrong = mislabelled(d);

	if (!d->confinement.selinux)
		return row_ok(d, "the kernel does not use SELinux");
	if (!d->confinement.enforces)
		return row_ok(d, "SELinux is permissive");
	if (hooks == 0)
		return row_fail(d, "setsebool -P virt_hooks_unconfined on",
				"virt_hooks_unconfined is off, so the hook cannot bind devices");
	if (wrong)
		return row_fail(d,
				arena_printf(d->host.arena, "chcon --reference=%s %s",
					     shellword(d->host.arena, wrong->real),
					     shellword(d->host.arena, wrong->path)),
				"%s does not have the SELinux label of its real emulator",
				wrong->path);
	if (doctor_has_wrapper(d) && qemuconf_may_confine(&d->libvirt.conf, "selinux") && lacks_module(d))
		return row_warn(
			d, "semodule -i kvmshim.pp",
			"the policy module kvmshim is not installed, so VMs cannot run the real emulator");
	return row_ok(d, "SELinux lets the hook and the wrapper work%s",
		      hooks > 0 ? " (virt_hooks_unconfined is on)" : "");
}
