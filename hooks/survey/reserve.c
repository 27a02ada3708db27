/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/reserve.h"

#include <errno.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "hooks/journal/state.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/pci/subdevices.h"
#include "host/process/holders.h"
#include "host/process/vmprocess.h"
#include "root.h"
#include "str.h"

/*
 * The device node of its group and, while it is bound to VFIO, its own (vfio/devices/vfioN). 0,
 * or -errno: it may have some more.
 */
static int add_nodes(const struct host *host, const struct journal_device *d, struct nodes *nodes)
{
	const char *driver = NULL;
	struct subdevices b = { 0 };
	int rc;

	if (d->kind == HOSTDEV_MDEV)
		return mdev_nodes(host, d->device, nodes);
	rc = d->group < 0 ? 0 : subdevices_add_vfio(host, d->group, nodes);
	if (rc == 0)
		rc = pci_driver_read(host, d->device, &driver);
	if (rc || !driver || !pci_driver_is_vfio(driver))
		return rc;
	rc = subdevices_read(host, d->device, &b);
	for (size_t i = 0; i < b.nodes.n; i++)
		*arena_push(host->arena, nodes->v, nodes->n, nodes->cap) = b.nodes.v[i];
	return rc == -ENOENT || rc == -ENODEV ? 0 : rc;
}

/* Signs of life that all processes are looked through for: once for all journals. */
struct signs {
	struct host host;
	bool has_qemus, has_opens;
	struct uuid_processes qemus;
	struct opendevices opens;
};

/* Has a process a VFIO device node of it open? What cannot be looked at may have. */
static enum life node_life(struct signs *s, const struct journal *j, struct process *holder)
{
	struct nodes nodes = { 0 };
	struct holders holders = { 0 };
	int rc = 0;

	for (size_t i = 0; i < j->n_devices; i++) {
		int error = add_nodes(&s->host, &j->devices[i], &nodes);

		rc = rc ? rc : error;
	}
	if (nodes.n && !s->has_opens) {
		opendevices_read(&s->host, &s->opens);
		s->has_opens = true;
	}
	holders_of(&s->host, &s->opens, &nodes, &holders);
	if (holders.n || holders.n_hidden)
		*holder = (holders.n ? holders.v : holders.hidden)[0].process;
	if (holders.n)
		return LIFE_NODE_OPEN;
	return rc || holders.n_hidden ? LIFE_UNKNOWN : LIFE_NONE;
}

static enum life qemu_life(struct signs *s, const struct journal *j, struct process *holder)
{
	/* a QEMU that is about to end has no command line any more, but still its devices */
	if (!process_is_gone(&s->host, j->qemu)) {
		*holder = j->qemu;
		return LIFE_QEMU;
	}
	if (!s->has_qemus)
		process_uuids(&s->host, &s->qemus);
	s->has_qemus = true;
	*holder = process_with_uuid(&s->qemus, j->uuid, j->user);
	if (holder->pid)
		return LIFE_QEMU;
	if (s->qemus.error)
		*holder = s->qemus.unseen;
	return s->qemus.error ? LIFE_UNKNOWN : LIFE_NONE;
}

/* A QEMU that libvirt is about to start does not exist yet; the daemon does. */
static bool is_starting(struct arena *a, const struct journal *j)
{
	return !j->qemu.pid && j->state <= STATE_BOUND && !process_real_is_gone(a, j->daemon);
}

/* A device that was bound by hand stays bound until the admin unbinds it. */
static bool is_bound_by_hand(const struct journal *j, unsigned ask)
{
	return j->kind == JOURNAL_HAND && j->state == STATE_BOUND && !(ask & ASK_OWN);
}

static enum life life_of(struct signs *s, const struct journal *j, unsigned ask,
			 struct process *holder)
{
	enum life life, unknown;

	*holder = (struct process){ 0 };
	if (!(ask & ASK_LOCKED) && state_in_progress(&s->host, j->uuid))
		return LIFE_IN_PROGRESS;
	if (process_booted_since(&s->host, j->boot))
		return LIFE_NONE;
	if (is_bound_by_hand(j, ask))
		return LIFE_HAND;
	unknown = j->kind == JOURNAL_VM ? qemu_life(s, j, holder) : LIFE_NONE;
	if (unknown == LIFE_QEMU)
		return LIFE_QEMU;
	if (!(ask & ASK_OWN) && j->kind == JOURNAL_VM && is_starting(s->host.arena, j))
		return LIFE_STARTING;
	life = node_life(s, j, holder);
	return life == LIFE_NONE ? unknown : life;
}

enum life reserve_life(const struct host *host, const struct journal *j, unsigned ask,
		       struct process *holder)
{
	struct signs signs = { .host = *host };

	return life_of(&signs, j, ask, holder);
}

/* Everybody but root: who may not read a journal knows nothing about it. */
static bool is_denied(int rc)
{
	return geteuid() != 0 && (rc == -EACCES || rc == -EPERM);
}

/* "Must not lose a device" and "must not stop other VMs": so its devices are in doubt. */
static void add_doubt(const struct host *host, const char *uuid, const struct err *why,
		      struct reservations *out)
{
	struct salvage *s = arena_push(host->arena, out->doubts, out->n_doubts, out->doubts_cap);

	journal_salvage(host, uuid, arena_strdup(host->arena, why->text), s);
}

static int read_journals(const struct host *host, const char *except, struct reservations *out,
			 struct err *err)
{
	struct strv uuids = { 0 };

	int rc = journal_uuids(host, &uuids, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < uuids.n; i++) {
		struct reservation one = { 0 };
		struct err why = { 0 };

		if (except && str_eq(uuids.v[i], except))
			continue;
		rc = journal_read(host, uuids.v[i], &one.journal, &why);
		if (rc == 0)
			*arena_push(host->arena, out->v, out->n, out->cap) = one;
		else if (rc != -ENOENT && is_denied(rc))
			return err_set(err, -rc, "%s", why.text);
		else if (rc != -ENOENT)
			add_doubt(host, uuids.v[i], &why, out);
	}
	return 0;
}

int reserve_read(const struct host *host, const char *except, struct reservations *out,
		 struct err *err)
{
	struct signs signs = { .host = *host };
	int rc = read_journals(host, except, out, err);

	for (size_t i = 0; i < out->n; i++)
		out->v[i].life = life_of(&signs, &out->v[i].journal, 0, &out->v[i].holder);
	return rc;
}

static bool is_same(const struct journal *a, const struct journal *b)
{
	return str_eq(a->uuid, b->uuid) && a->state == b->state && a->n_devices == b->n_devices &&
	       str_same(a->created, b->created) && a->qemu.pid == b->qemu.pid &&
	       a->daemon.pid == b->daemon.pid;
}

/*
 * A device that was bound by hand may be in its return, and its journal says so only at the
 * end.
 */
static enum life life_again(const struct host *host, const struct reservations *seen,
			    struct reservation *r)
{
	if (r->journal.kind == JOURNAL_HAND && state_in_progress(host, r->journal.uuid))
		return LIFE_IN_PROGRESS;
	for (size_t i = 0; i < seen->n; i++)
		if (is_same(&seen->v[i].journal, &r->journal)) {
			r->holder = seen->v[i].holder;
			return seen->v[i].life;
		}
	if (r->journal.kind == JOURNAL_HAND && r->journal.state == STATE_BOUND)
		return LIFE_HAND;
	return LIFE_IN_PROGRESS;
}

int reserve_again(const struct host *host, const char *except, const struct reservations *seen,
		  struct reservations *out, struct err *err)
{
	int rc = read_journals(host, except, out, err);

	for (size_t i = 0; i < out->n; i++)
		out->v[i].life = life_again(host, seen, &out->v[i]);
	return rc;
}

static bool is_for_the_taking(const struct reservation *r, enum journal_kind asking)
{
	return asking == JOURNAL_VM && r->life == LIFE_HAND;
}

const struct reservation *reserve_taken(const struct reservations *rs, const char *device,
					enum journal_kind asking)
{
	for (size_t i = 0; i < rs->n; i++)
		if (journal_device(&rs->v[i].journal, device) && !is_for_the_taking(&rs->v[i], asking))
			return &rs->v[i];
	return NULL;
}

const struct reservation *reserve_owner(const struct reservations *rs, const char *device,
					enum journal_kind asking)
{
	/* a parent keeps its driver, but without the parent the VM loses its mediated device */
	for (size_t i = 0; i < rs->n; i++)
		if (journal_step(&rs->v[i].journal, OP_MDEV, device))
			return &rs->v[i];
	return reserve_taken(rs, device, asking);
}

static bool is_known(const struct reservations *rs, const char *device)
{
	for (size_t i = 0; i < rs->n; i++)
		if (journal_device(&rs->v[i].journal, device) ||
		    journal_step_of(&rs->v[i].journal, device))
			return true;
	return false;
}

/* A mediated device that exists, or a function that some driver of the host does not have. */
static bool looks_assigned(const struct host *host, const char *device)
{
	const char *driver;

	if (!pci_is_address(device))
		return mdev_exists(host, device);
	driver = pci_driver(host, device);
	return !driver || pci_driver_is_vfio(driver);
}

const struct salvage *reserve_doubt(const struct host *host, const struct reservations *rs,
				    const char *device)
{
	const struct salvage *half = NULL;

	for (size_t i = 0; i < rs->n_doubts; i++) {
		if (salvage_names(&rs->doubts[i], device))
			return &rs->doubts[i];
		if (!rs->doubts[i].whole)
			half = &rs->doubts[i];
	}
	return half && looks_assigned(host, device) && !is_known(rs, device) ? half : NULL;
}

const char *reserve_text(struct arena *a, const struct reservation *r)
{
	if (r->journal.kind == JOURNAL_HAND)
		return "`kvmshim bind`";
	if (r->life == LIFE_NONE)
		return arena_printf(a,
				    "the stopped VM %s, which did not return it (run `kvmshim "
				    "recover`)",
				    str_printable(a, r->journal.name));
	return arena_printf(a, "VM %s", str_printable(a, r->journal.name));
}

const struct stuck *reserve_stuck(struct arena *a, const struct reservations *rs,
				  const char *device)
{
	for (size_t i = 0; i < rs->n; i++) {
		const struct journal *j = &rs->v[i].journal;

		for (size_t k = 0; k < j->n_stuck; k++)
			if (j->stuck[k].device && str_eq(j->stuck[k].device, device) &&
			    process_real_lives(a, j->stuck[k].child))
				return &j->stuck[k];
	}
	return NULL;
}
