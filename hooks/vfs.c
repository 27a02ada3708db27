/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/vfs.h"

#include <errno.h>
#include <stdlib.h>

#include "arena.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/journal/stuck.h"
#include "hooks/survey/reserve.h"
#include "host/act/act.h"
#include "host/pci/pci.h"
#include "host/pci/vfs.h"
#include "host/sysfs.h"
#include "str.h"

#define NUMVFS "sriov_numvfs"

/* ---- which ---- */

static bool is_missing(const struct host *host, const struct wish *w)
{
	return w->kind == HOSTDEV_PCI &&
	       !sysfs_has(host, pci_attribute_path(host->arena, w->device, ""));
}

/* The number that the section sets, or NULL: it sets none, or 0. */
static const char *wanted_count(const struct device_settings *d)
{
	const char *count = settings_attribute(d, NUMVFS);

	return count && strtol(count, NULL, 10) > 0 ? count : NULL;
}

/* The section of the PF that is to have this virtual function; NULL: there is none. */
static const struct device_settings *section_for(const struct assignment *h, const char *vf)
{
	for (size_t i = 0; i < h->settings->n_devices; i++) {
		const struct device_settings *d = &h->settings->devices[i];
		const char *count = wanted_count(d);

		if (count && vfs_include(&h->host, d->address, strtol(count, NULL, 10), vf))
			return d;
	}
	return NULL;
}

/* ---- may it be? ---- */

static int say_stuck(const struct assignment *h, const char *pf, const char *what,
		     struct process child, struct err *err)
{
	struct arena *a = h->host.arena;

	return err_set(err, ETIMEDOUT, "%s",
		       stuck_text(a, pf,
				  arena_printf(a, "%s " NUMVFS " has not finished (process %ld)",
					       what, (long)child.pid),
				  false));
}

static int read_count(const struct assignment *h, const struct device_settings *d, char **now,
		      struct err *err)
{
	const char *path = pci_attribute_path(h->host.arena, d->address, NUMVFS);
	struct process stuck = { 0 };
	int rc = act_read(&h->host, path, d->unbind_timeout * 1000, now, &stuck);

	if (stuck.pid)
		return say_stuck(h, d->address, "reading", stuck, err);
	return rc ? err_set(err, -rc, "%s cannot be read: %s", path, err_reason(-rc)) : 0;
}

/* A VM that has the PF decides on its functions, and a driver of VFIO creates none. */
static int check_pf(const struct assignment *h, const struct reservations *held,
		    const struct device_settings *d, const char *vf, struct err *err)
{
	const struct reservation *owner = reserve_taken(held, d->address, JOURNAL_VM);
	const char *driver = pci_driver(&h->host, d->address);

	if (owner)
		return err_set(err, EBUSY,
			       "%s does not exist yet, and its physical function %s is in use by %s",
			       vf, d->address, reserve_text(h->host.arena, owner));
	if (driver && !pci_driver_is_vfio(driver))
		return 0;
	return err_set(err, ENODEV,
		       "%s does not exist yet, and its physical function %s has %s%s; bind %s to "
		       "its host driver first",
		       vf, d->address, driver ? "driver " : "no driver", driver ? driver : "",
		       d->address);
}

/*
 * The kernel changes the number only by way of 0, which would take the others away from their
 * users. It is the right one if another VM has created them since the look at `vf`.
 */
static int check_count(const struct assignment *h, const struct device_settings *d, const char *vf,
		       const char *now, struct err *err)
{
	if (str_eq(now, "0") || str_eq(now, wanted_count(d)))
		return 0;
	return err_set(err, EBUSY,
		       "%s does not exist: %s has %s virtual functions, and the section at %s:%u asks "
		       "for %s; write 0 to its " NUMVFS " file when no VM uses them",
		       vf, d->address, now, h->settings->path, d->line, wanted_count(d));
}

static int need(const struct assignment *h, const struct reservations *held, const char *vf,
		struct vf_needs *out, struct err *err)
{
	const struct device_settings *d = section_for(h, vf);
	char *now = NULL;
	int rc = d ? check_pf(h, held, d, vf, err) : 0;

	if (!d || rc)
		return rc;
	for (size_t i = 0; i < out->n; i++)
		if (str_eq(out->v[i].pf, d->address))
			return 0;
	rc = read_count(h, d, &now, err);
	if (!rc)
		rc = check_count(h, d, vf, now, err);
	if (!rc && str_eq(now, "0"))
		*arena_push(h->host.arena, out->v, out->n, out->cap) =
			(struct vf_need){ d->address, wanted_count(d) };
	return rc;
}

bool vfs_missing(const struct assignment *h)
{
	for (size_t i = 0; i < h->wishes.n; i++)
		if (is_missing(&h->host, &h->wishes.v[i]))
			return true;
	return false;
}

int vfs_needed(const struct assignment *h, const struct reservations *held, struct vf_needs *out,
	       struct err *err)
{
	int rc = 0;

	*out = (struct vf_needs){ 0 };
	for (size_t i = 0; !rc && i < h->wishes.n; i++)
		if (is_missing(&h->host, &h->wishes.v[i]))
			rc = need(h, held, h->wishes.v[i].device, out, err);
	return rc;
}

const struct vf_need *vfs_need_for(const struct assignment *h, const struct vf_needs *needs,
				   const char *vf)
{
	const struct device_settings *d = section_for(h, vf);

	for (size_t i = 0; d && i < needs->n; i++)
		if (str_eq(needs->v[i].pf, d->address))
			return &needs->v[i];
	return NULL;
}

/* ---- creating ---- */

/* Another VM may have created them in the meantime: the kernel accepts the same number again. */
static int create(const struct assignment *h, const struct vf_need *n, struct err *err)
{
	const struct device_settings *d = settings_of_device(h->settings, n->pf);
	const char *path = pci_attribute_path(h->host.arena, n->pf, NUMVFS);
	struct process stuck = { 0 };
	int rc = act_write(&h->host, path, n->count, d->unbind_timeout * 1000, &stuck);

	if (stuck.pid)
		return say_stuck(h, n->pf, "writing", stuck, err);
	return rc ? err_set(err, -rc, "'%s' cannot be written to %s: %s", n->count, path,
			    err_reason(-rc)) :
		    0;
}

int vfs_create(const struct assignment *h, const struct vf_needs *needs, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < needs->n; i++)
		rc = create(h, &needs->v[i], err);
	act_end();
	return rc;
}
