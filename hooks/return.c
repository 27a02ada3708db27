/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/return.h"

#include <errno.h>

#include "arena.h"
#include "clock.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/borrower.h"
#include "hooks/journal/journal.h"
#include "hooks/journal/shape.h"
#include "hooks/journal/state.h"
#include "hooks/journal/statefolder.h"
#include "hooks/journal/stuck.h"
#include "hooks/steps/lanes.h"
#include "hooks/survey/reserve.h"
#include "host/sysfs.h"
#include "host/use/usesnvidia.h"
#include "root.h"
#include "str.h"

#define LOOK_AGAIN 100 /* ms */

int return_open(const struct assignment *h, int patience, struct err *err)
{
	double end = clock_ms() + patience * 1e3;
	int folder;

	while ((folder = state_open(&h->host, h->uuid, err)) == -EBUSY && clock_ms() < end)
		clock_sleep(LOOK_AGAIN);
	if (folder == -EBUSY)
		return err_set(err, EBUSY, "another operation on %s is in progress; try again",
			       str_printable(h->host.arena, h->name));
	return folder;
}

bool return_needed(const struct assignment *h)
{
	const char *folder = arena_printf(h->host.arena, STATE_VMS "/%s", h->uuid);

	return !sysfs_lacks(&h->host, folder);
}

/* ---- has it stopped? ---- */

/* What the daemon that asks cannot know better. */
static bool is_in_use(enum life life)
{
	return life == LIFE_QEMU || life == LIFE_NODE_OPEN || life == LIFE_UNKNOWN;
}

/* "; the process is spdk_tgt of unit spdk.service" */
static const char *process_text(const struct host *host, struct process p)
{
	const char *command = process_command(host, p.pid), *unit = process_unit(host, p.pid);

	if (!command)
		return "";
	return arena_printf(host->arena, "; the process is %s%s%s",
			    str_printable(host->arena, command), unit ? " of " : "",
			    unit ? process_unit_text(host->arena, unit) : "");
}

static int still_alive(const struct assignment *h, const struct journal *j, enum life life,
		       struct process holder, struct err *err)
{
	const char *name = j->name ? str_printable(h->host.arena, j->name) : "`kvmshim bind`";

	if (life == LIFE_QEMU)
		return err_set(err, EBUSY,
			       "%s is running (QEMU is process %ld); no device is returned", name,
			       (long)holder.pid);
	if (!holder.pid)
		return err_set(err, EBUSY,
			       "the hook cannot read all of /proc and /sys, so it is unknown if %s is "
			       "running; no device is returned",
			       name);
	return err_set(err, EBUSY, "process %ld %s a VFIO device node of %s open%s; no device is returned%s",
		       (long)holder.pid, life == LIFE_NODE_OPEN ? "has" : "possibly has", name,
		       life == LIFE_NODE_OPEN ? "" : ", and the hook cannot check it",
		       process_text(&h->host, holder));
}

/* In memory of its own: reading every command line takes some, and it is done often. */
static enum life look_for_life(const struct host *host, const struct journal *j,
			       struct process *holder)
{
	struct arena look = { 0 };
	enum life life =
		reserve_life(&(struct host){ &look, host->root }, j, ASK_LOCKED | ASK_OWN, holder);

	arena_free(&look);
	return life;
}

/* A QEMU that was killed needs a moment to close its devices. */
static int wait_until_gone(const struct assignment *h, const struct journal *j, struct err *err)
{
	double end = clock_ms() + h->settings->hook.unbind_timeout * 1e3;
	struct process holder = { 0 };
	enum life life;

	while (is_in_use(life = look_for_life(&h->host, j, &holder))) {
		if (clock_ms() > end)
			return still_alive(h, j, life, holder, err);
		clock_sleep(LOOK_AGAIN);
	}
	return 0;
}

/* ---- undoing ---- */

/* A write that has finished since then is not stuck any more. */
static void forget_ended(struct arena *a, struct journal *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n_stuck; i++)
		if (process_real_lives(a, j->stuck[i].child))
			j->stuck[n++] = j->stuck[i];
	j->n_stuck = n;
}

static int say_stuck(const struct host *host, const struct journal *j, struct err *err)
{
	const struct stuck *s = &j->stuck[0];
	bool lasting = s->device && uses_nvidia_lasting(host, s->device);

	return err_set(err, ETIMEDOUT, "%s",
		       stuck_text(host->arena, stuck_subject(s), stuck_reason(host->arena, s), lasting));
}

/*
 * A device that is returned belongs to the host again, even if others are not returned. If
 * a write of no device is stuck, nothing is forgotten: it may belong to any device.
 */
static void forget_undone(struct journal *j, const bool *undone)
{
	size_t devices = 0;

	for (size_t i = 0; i < j->n_stuck; i++)
		if (!j->stuck[i].device)
			return;
	journal_drop_lanes(j, undone);
	for (size_t i = 0; i < j->n_devices; i++)
		if (journal_step_of(j, j->devices[i].device))
			j->devices[devices++] = j->devices[i];
	j->n_devices = devices;
}

/* In STATE_BINDING only the writer knew which steps were done. */
static void assume_done(struct journal *j)
{
	for (size_t i = 0; i < j->n_steps; i++)
		j->steps[i].done = !j->steps[i].theirs;
}

/*
 * only: these lanes, and the journal stays a reservation of the other lanes. NULL: all lanes,
 * and the journal keeps only the steps that could not be undone.
 */
static int undo(struct assignment *h, int folder, struct journal *j, const bool *only,
		struct err *err)
{
	struct arena *a = h->host.arena;
	bool *undone = arena_alloc(a, journal_lanes(j) * sizeof(*undone));
	struct err kept;
	int rc;

	forget_ended(a, j);
	if (j->state == STATE_BINDING)
		assume_done(j);
	j->state = only ? STATE_BOUND : STATE_RELEASING;
	/* on a full /run the old one stays, which is as good to undo from */
	journal_write(a, folder, j, &kept);
	rc = lanes_undo(h, j, only, undone, err);
	if (rc == 0 && j->n_stuck)
		rc = say_stuck(&h->host, j, err);
	if (rc && !only)
		forget_undone(j, undone);
	if (rc && journal_write(a, folder, j, &kept) < 0)
		strv_push(a, &h->notes, arena_strdup(a, kept.text));
	return rc;
}

int return_all(struct assignment *h, int folder, struct journal *j, struct err *err)
{
	int rc = 0;

	/* a reboot has restored everything already */
	if (!process_booted_since(&h->host, j->boot))
		rc = undo(h, folder, j, NULL, err);
	return rc ? rc : state_remove(&h->host, h->uuid, folder, err);
}

int return_left_over(struct assignment *h, int folder, struct err *err)
{
	struct process holder;
	struct journal j;
	enum life life;
	int rc = journal_read(&h->host, h->uuid, &j, err);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	life = reserve_life(&h->host, &j, ASK_LOCKED | ASK_OWN, &holder);
	if (is_in_use(life))
		return still_alive(h, &j, life, holder, err);
	if (!process_booted_since(&h->host, j.boot))
		rc = undo(h, folder, &j, NULL, err);
	return rc ? rc : state_unpublish(folder, JOURNAL_FILE, err);
}

/* ---- a part of it ---- */

/* Cards that have their modules unloaded together are in one lane. */
static bool share_lane(const struct journal *j, const char *a, const char *b)
{
	const struct step *s = journal_step_of(j, a), *o = journal_step_of(j, b);

	return s && o && s->lane && s->lane == o->lane;
}

/* The groups of these devices, and with them all that must go together. */
static bool goes(const struct journal *j, const struct journal_device *d, const struct strv *only)
{
	for (size_t i = 0; i < j->n_devices; i++)
		if (strv_has(only, j->devices[i].device) &&
		    (str_eq(j->devices[i].device, d->device) ||
		     share_lane(j, j->devices[i].device, d->device) ||
		     (d->group >= 0 && j->devices[i].group == d->group)))
			return true;
	return false;
}

static bool device_goes(const struct journal *j, const char *device, const struct strv *only)
{
	const struct journal_device *d = journal_device(j, device);

	return d && goes(j, d, only);
}

bool return_lanes(const struct journal *j, const struct strv *only, bool *lanes)
{
	bool some_stay = false;

	for (size_t i = 0; i < j->n_devices; i++)
		some_stay |= !goes(j, &j->devices[i], only);
	for (size_t i = 0; i < j->n_steps; i++)
		if (j->steps[i].device && device_goes(j, j->steps[i].device, only))
			lanes[j->steps[i].lane] = true;
	return some_stay;
}

static void forget_lanes(struct journal *j, const struct strv *only, const bool *lanes)
{
	size_t devices = 0;

	journal_drop_lanes(j, lanes);
	for (size_t i = 0; i < j->n_devices; i++)
		if (!strv_has(only, j->devices[i].device))
			j->devices[devices++] = j->devices[i];
	j->n_devices = devices;
}

struct strv return_devices(struct arena *a, const struct journal *j, const struct strv *only)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < j->n_devices; i++)
		if (goes(j, &j->devices[i], only))
			strv_push(a, &all, j->devices[i].device);
	return all;
}

static int return_part(struct assignment *h, int folder, struct journal *j, const struct strv *only,
		       struct err *err)
{
	struct arena *a = h->host.arena;
	bool *lanes = arena_alloc(a, journal_lanes(j) * sizeof(*lanes));
	struct strv all = return_devices(a, j, only);
	int rc;

	if (!return_lanes(j, only, lanes))
		return return_all(h, folder, j, err);
	rc = undo(h, folder, j, lanes, err);
	if (rc)
		return rc;
	forget_lanes(j, &all, lanes);
	j->state = STATE_BOUND;
	return journal_write(a, folder, j, err);
}

static int refuse_borrowed(const struct host *host, const struct journal *j,
			   const struct strv *only, struct err *err)
{
	struct strv all = only ? return_devices(host->arena, j, only) : (struct strv){ 0 };

	return j->kind == JOURNAL_HAND ? borrower_check(host, j, only ? &all : NULL, err) : 0;
}

/* libvirt releases a VM once, and starts it no more: that its daemon lives says nothing now. */
static void note_release(struct assignment *h, int folder, struct journal *j)
{
	struct arena *a = h->host.arena;
	struct err err;

	if (j->kind != JOURNAL_VM || j->state > STATE_BOUND)
		return;
	j->daemon = (struct process){ 0 };
	if (journal_write(a, folder, j, &err) < 0)
		strv_push(a, &h->notes, arena_strdup(a, err.text));
}

int return_of(struct assignment *h, int folder, const struct strv *only, struct err *err)
{
	struct journal j;
	int rc = journal_read(&h->host, h->uuid, &j, err);

	if (rc == -ENOENT)
		return state_remove(&h->host, h->uuid, folder, err);
	if (rc)
		return rc;
	rc = wait_until_gone(h, &j, err);
	if (rc)
		note_release(h, folder, &j);
	else
		rc = refuse_borrowed(&h->host, &j, only, err);
	if (rc)
		return rc;
	if (only)
		return return_part(h, folder, &j, only, err);
	return return_all(h, folder, &j, err);
}
