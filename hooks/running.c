/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/running.h"

#include <errno.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/domain/domain.h"
#include "hooks/iommunode.h"
#include "hooks/return.h"
#include "hooks/steps/ops.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/process/vmprocess.h"
#include "host/vfiocdev.h"
#include "host/vfionode.h"
#include "str.h"

/* Seconds that another operation on this VM is waited for, such as `kvmshim recover`. */
#define RUNNING_PATIENCE 30

/* The VM's folder, locked; -ENODATA if it does not exist. */
static int open_folder(struct assignment *h, struct err *err)
{
	if (!return_needed(h))
		return -ENODATA;
	return return_open(h, RUNNING_PATIENCE, err);
}

/* ---- before QEMU ---- */

static struct work work_on(struct assignment *h, const struct journal *j)
{
	return (struct work){ .host = h->host, .settings = h->settings, .journal = j };
}

/* VFIO has set it for a device that libvirt bound after prepare; the step is in the journal. */
static int set_power(struct assignment *h, const struct journal *j, struct err *err)
{
	struct work w = work_on(h, j);
	const struct step *s = NULL;
	int rc = 0;

	while (rc == 0 && (s = journal_next_step(j, OP_POWER, s)))
		rc = op_rows[OP_POWER].act(&w, s, err);
	return rc;
}

/* libvirt has bound its devices: the units that paused for this start again. */
static void resume_units(struct assignment *h, const struct journal *j)
{
	struct work w = work_on(h, j);
	const struct step *s = NULL;
	struct err err;

	if (!journal_has_managed(j))
		return;
	while ((s = journal_next_step(j, OP_PAUSE, s)))
		if (op_rows[OP_PAUSE].undo(&w, s, &err) < 0)
			strv_push(h->host.arena, &h->notes, arena_strdup(h->host.arena, err.text));
}

/* The VM has its devices now: see lanes_act(), which does it where no device is libvirt's. */
static int start_units(struct assignment *h, const struct journal *j, struct err *err)
{
	struct work w = work_on(h, j);
	const struct step *s = NULL;
	int rc = 0;

	while (!rc && journal_has_managed(j) && (s = journal_next_step(j, OP_START, s)))
		rc = op_rows[OP_START].act(&w, s, err);
	return rc;
}

/* The lane that bound the device, so that the device node is restored before the unbind. */
static unsigned lane_of(const struct journal *j, const char *device)
{
	const struct step *s = journal_step_of(j, device);

	return s ? s->lane : journal_lanes(j);
}

/* "17", or "devices/vfio3" where QEMU opens that; NULL: it has none. */
static const char *node_of(struct assignment *h, const struct journal_device *d)
{
	struct arena *a = h->host.arena;
	int group = d->kind == HOSTDEV_MDEV ? mdev_group(&h->host, d->device) : d->group;
	const char *cdev;

	if (!d->iommufd)
		return group < 0 ? NULL : arena_printf(a, "%d", group);
	cdev = vfiocdev_name(&h->host, d->device);
	return cdev ? arena_printf(a, "devices/%s", cdev) : NULL;
}

static void plan_node(struct assignment *h, struct journal *j, const struct journal_device *d,
		      const char *to)
{
	struct arena *a = h->host.arena;
	const char *name = node_of(h, d), *from = name ? vfionode_owner(&h->host, name) : NULL;
	/* done from the outset: who is killed before the chown has it undone for nothing */
	struct step s = {
		.op = OP_NODE,
		.lane = lane_of(j, d->device),
		.name = name,
		.to = to,
		.from = from,
		.done = true,
	};

	if (from && !str_eq(from, to) && !journal_step_named(j, OP_NODE, name))
		journal_add_step(a, j, s);
}

static int give_nodes(struct assignment *h, int folder, struct journal *j, const struct domain *d,
		      struct err *err)
{
	struct work w = work_on(h, j);
	const char *to = arena_printf(h->host.arena, "%u:%u", (unsigned)d->uid, (unsigned)d->gid);
	size_t first = j->n_steps;
	int rc;

	for (size_t i = 0; i < j->n_devices; i++)
		if (j->devices[i].role == ROLE_GRANT)
			plan_node(h, j, &j->devices[i], to);
	if (j->n_steps == first)
		return 0;
	rc = journal_write(h->host.arena, folder, j, err);
	for (size_t i = first; !rc && i < j->n_steps; i++)
		rc = op_rows[OP_NODE].act(&w, &j->steps[i], err);
	return rc;
}

/* By it the VM's QEMU is known again. On a full /run it stays unknown, which is no reason to refuse. */
static void note_user(struct assignment *h, int folder, struct journal *j, const struct domain *d)
{
	struct err err;

	if (!d->has_owner || (j->user.known && j->user.uid == d->uid))
		return;
	j->user = (struct vm_user){ true, d->uid };
	if (journal_write(h->host.arena, folder, j, &err) < 0)
		strv_push(h->host.arena, &h->notes, arena_strdup(h->host.arena, err.text));
}

/*
 * Checks what could only be foreseen at prepare, and if QEMU may open /dev/iommu, which
 * VMs share.
 */
static int check_iommufd(struct assignment *h, const struct journal *j, const struct domain *d,
			 struct err *err)
{
	struct strv nodes = { 0 };
	bool any = false, shared = false;

	for (size_t i = 0; i < d->n; i++)
		shared |= d->hostdevs[i].iommufd;
	for (size_t i = 0; i < j->n_devices; i++) {
		const struct journal_device *of = &j->devices[i];
		const char *name = of->iommufd && of->role == ROLE_GRANT ? node_of(h, of) : NULL;

		any |= of->iommufd && of->role == ROLE_GRANT;
		if (name)
			strv_push(h->host.arena, &nodes,
				  arena_printf(h->host.arena, "/dev/vfio/%s", name));
	}
	if (any && !shared)
		strv_push(h->host.arena, &nodes, IOMMUFD_NODE);
	return any ? iommunode_check(&h->host, h->daemon.pid, d, &nodes, err) : 0;
}

int running_start(struct assignment *h, const struct domain *d, struct err *err)
{
	_cleanup_fd_ int folder = open_folder(h, err);
	struct journal j;
	int rc;

	if (folder < 0)
		return folder == -ENODATA ? 0 : folder;
	rc = assignment_check(h, &j, err);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	note_user(h, folder, &j, d);
	resume_units(h, &j);
	rc = set_power(h, &j, err);
	if (!rc)
		rc = check_iommufd(h, &j, d, err);
	if (!rc && d->has_owner)
		rc = give_nodes(h, folder, &j, d, err);
	return rc ? rc : start_units(h, &j, err);
}

/* ---- while it runs ---- */

int running_note(struct assignment *h, struct err *err)
{
	_cleanup_fd_ int folder = open_folder(h, err);
	struct process qemu;
	struct journal j;
	int rc;

	if (folder < 0)
		return folder == -ENODATA ? 0 : folder;
	rc = journal_read(&h->host, h->uuid, &j, err);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	j.daemon = h->daemon;
	qemu = process_of_domain(&h->host, h->name, h->uuid, j.user);
	if (qemu.pid || process_is_gone(&h->host, j.qemu))
		j.qemu = qemu;
	if (j.qemu.pid)
		j.state = STATE_RUNNING;
	return journal_write(h->host.arena, folder, &j, err);
}
