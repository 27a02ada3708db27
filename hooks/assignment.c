/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/assignment.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/borrower.h"
#include "hooks/journal/factswrite.h"
#include "hooks/journal/state.h"
#include "hooks/needs.h"
#include "hooks/return.h"
#include "hooks/steps/lanes.h"
#include "hooks/survey/judge.h"
#include "hooks/survey/plan.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "hooks/survey/survey.h"
#include "hooks/vfs.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/process/namespace.h"
#include "host/vfiocdev.h"
#include "str.h"
#include "utc.h"

int assignment_wish(struct assignment *h, const struct wish *w, struct err *err)
{
	for (size_t i = 0; i < h->wishes.n; i++)
		if (str_eq(h->wishes.v[i].device, w->device))
			return err_set(err, EEXIST, "%s is requested twice%s%s", w->device,
				       w->rule ? ": by the domain XML or another rule, and "
						 "by rule "
					       : "",
				       w->rule ? w->rule : "");
	*arena_push(h->host.arena, h->wishes.v, h->wishes.n, h->wishes.cap) = *w;
	return 0;
}

static struct journal fresh_journal(struct assignment *h)
{
	return (struct journal){
		.kind = h->kind,
		.state = STATE_BINDING,
		.uuid = h->uuid,
		.name = h->name,
		.boot = process_boot_id(&h->host),
		.created = utc_text(h->host.arena, time(NULL)),
		.daemon = h->daemon,
	};
}

/* ---- judging ---- */

static int refuse(struct assignment *h, const struct strv *refusals, struct err *err)
{
	struct strbuf b = { .arena = h->host.arena };

	for (size_t i = 0; i < refusals->n; i++)
		strbuf_addf(&b, "%s%s", i ? "; " : "", refusals->v[i]);
	return err_set(err, EBUSY, "%s", strbuf_text(&b));
}

static void look(struct assignment *h, const struct reservations *held, struct survey *survey)
{
	survey_make(h, held, survey);
	survey_own(h, held, survey);
}

static int judge_and_plan(struct assignment *h, const struct reservations *held,
			  const struct survey *survey, struct journal *j, struct err *err)
{
	struct strv refusals = { 0 };
	struct needs needs;

	h->remarks = (struct strv){ 0 };
	judge(h->host.arena, h->settings, survey, &refusals, &h->remarks);
	needs_judge(h, held, survey, &needs, &refusals);
	if (refusals.n)
		return refuse(h, &refusals, err);
	*j = fresh_journal(h);
	plan_make(h->host.arena, survey, j);
	needs_plan(h, &needs, j);
	return 0;
}

static void note_once(struct assignment *h, const struct strv *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		if (!strv_has(&h->notes, notes->v[i]))
			strv_push(h->host.arena, &h->notes, notes->v[i]);
}

static void keep_remarks(struct assignment *h)
{
	note_once(h, &h->remarks);
	h->remarks.n = 0;
}

/* Who does not see the processes of the host does not see who uses a device. */
static int sees_host(struct assignment *h, struct err *err)
{
	const char *why = namespace_blindness(&h->host);
	const char *text =
		why ? arena_printf(h->host.arena,
				   "the hook cannot see the processes of the host, because %s",
				   why) :
		      NULL;

	if (!why)
		return 0;
	if (!h->settings->hook.pid_namespace_warn)
		return err_set(err, EPERM,
			       "%s; give the container the PID namespace of the host, or see "
			       "pid-namespace in kvmshim.conf(5)",
			       text);
	if (!strv_has(&h->notes, text))
		strv_push(h->host.arena, &h->notes, text);
	return 0;
}

/* Nothing is known yet of a virtual function that has to be created: only that it will be. */
static void drop_needed(struct assignment *h, const struct vf_needs *needs)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->wishes.n; i++)
		if (h->wishes.v[i].kind != HOSTDEV_PCI ||
		    !vfs_need_for(h, needs, h->wishes.v[i].device))
			h->wishes.v[kept++] = h->wishes.v[i];
	h->wishes.n = kept;
}

static void plan_needed(struct assignment *h, const struct vf_needs *needs, struct journal *j)
{
	for (size_t i = 0; i < needs->n; i++)
		journal_add_step(h->host.arena, j,
				 (struct step){ .op = OP_ATTRIBUTE,
						.device = needs->v[i].pf,
						.name = "sriov_numvfs",
						.to = needs->v[i].count,
						.from = "0" });
}

int assignment_plan(struct assignment *h, struct journal *j, struct err *err)
{
	struct reservations held = { 0 };
	struct vf_needs needs = { 0 };
	struct survey survey;
	int rc = h->wishes.n ? sees_host(h, err) : 0;

	if (!rc)
		rc = reserve_read(&h->host, h->uuid, &held, err);
	if (!rc)
		rc = vfs_needed(h, &held, &needs, err);
	if (rc)
		return rc;
	if (needs.n)
		drop_needed(h, &needs);
	look(h, &held, &survey);
	rc = judge_and_plan(h, &held, &survey, j, err);
	if (rc)
		return rc;
	plan_needed(h, &needs, j);
	keep_remarks(h);
	return 0;
}

/* ---- taking ---- */

static int publish(struct assignment *h, int folder, const struct journal *j, struct err *err)
{
	int rc = journal_write(h->host.arena, folder, j, err);

	if (!rc && h->facts)
		rc = facts_write(h->host.arena, folder, h->uuid, h->facts, h->grants, err);
	if (!rc)
		rc = journal_confirm(&h->host, j, err);
	if (!rc && h->facts)
		rc = facts_confirm(&h->host, h->uuid, h->facts, h->grants, err);
	return rc;
}

/* libvirtd went away while we were at it: nobody waits for this VM any more. */
static int check_daemon(const struct assignment *h, struct err *err)
{
	if (!h->daemon.pid || getppid() == h->daemon.pid)
		return 0;
	return err_set(err, ECHILD,
		       "the libvirt daemon that was starting %s has ended (process %ld); no device "
		       "was assigned",
		       str_printable(h->host.arena, h->name), (long)h->daemon.pid);
}

/*
 * Runs under the one lock, and does nothing that could hang: two VMs that request the same
 * device come one after the other. 1: the devices have changed since the survey.
 */
static int settle(struct assignment *h, int folder, const struct reservations *seen,
		  struct survey *survey, struct journal *j, struct err *err)
{
	_cleanup_fd_ int lock = state_lock(&h->host, err);
	struct reservations held = { 0 };
	int rc = lock < 0 ? lock : reserve_again(&h->host, h->uuid, seen, &held, err);

	if (rc)
		return rc;
	survey_own(h, &held, survey);
	if (!survey_holds(h, &held, survey))
		return 1;
	rc = judge_and_plan(h, &held, survey, j, err);
	if (!rc)
		rc = check_daemon(h, err);
	return rc ? rc : publish(h, folder, j, err);
}

/* Once, in the log: the admin learns of it while other VMs start. A refusal says it itself. */
static void note_doubts(struct assignment *h, const struct reservations *held)
{
	struct strv texts = { 0 };

	for (size_t i = 0; i < held->n_doubts; i++)
		strv_push(h->host.arena, &texts, salvage_text(h->host.arena, &held->doubts[i]));
	note_once(h, &texts);
}

/* 1: the devices have changed in between, or *stale still has some of them. */
static int try_reserve(struct assignment *h, int folder, struct journal *j, struct survey *survey,
		       const struct reservation **stale, struct err *err)
{
	struct reservations *seen = arena_new(h->host.arena, struct reservations);
	int rc = reserve_read(&h->host, h->uuid, seen, err);

	if (rc)
		return rc;
	look(h, seen, survey);
	*stale = survey->left;
	rc = *stale ? 1 : settle(h, folder, seen, survey, j, err);
	if (rc == 0) {
		note_doubts(h, seen);
		note_once(h, &survey->notes);
	}
	return rc ? rc : !survey_settings_hold(h, survey);
}

static int say_not_returned(struct assignment *h, const struct journal *j, int rc,
			    const struct err *why, struct err *err)
{
	struct arena *a = h->host.arena;
	const char *name =
		j->name ? arena_printf(a, "VM %s", str_printable(a, j->name)) : "`kvmshim bind`";

	return err_set(err, -rc, "the devices of %s cannot be returned: %s", name, why->text);
}

/* -EAGAIN: it was not left over after all, somebody works on it. */
static int recover_left_over(struct assignment *h, const struct reservation *stale, struct err *err)
{
	struct assignment other = *h;
	struct err why = { 0 };
	int rc;

	other.uuid = stale->journal.uuid;
	other.name = stale->journal.name;
	rc = assignment_recover(&other, &why);
	h->notes = other.notes;
	if (rc == -EAGAIN)
		return 0;
	return rc ? say_not_returned(h, &stale->journal, rc, &why, err) : 0;
}

#define TRIES 20

/* The changes of VMs that have stopped are undone first, without the lock. */
static int reserve(struct assignment *h, int folder, struct journal *j, struct survey *survey,
		   struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		const struct reservation *stale = NULL;
		int rc = try_reserve(h, folder, j, survey, &stale, err);

		if (rc != 1)
			return rc;
		if (stale && recover_left_over(h, stale, err) < 0)
			return -EBUSY;
	}
	return err_set(err, EBUSY, "the drivers or owners of the devices keep changing; try again");
}

/* Only a driver that has the device shows if the kernel makes device nodes for IOMMUFD. */
static int check_cdevs(struct assignment *h, struct err *err)
{
	for (size_t i = 0; i < h->wishes.n; i++) {
		const struct wish *w = &h->wishes.v[i];

		if (w->iommufd && w->role != ROLE_MANAGED && !vfiocdev_name(&h->host, w->device))
			return err_set(err, ENODEV, "%s",
				       judge_no_cdev(h->host.arena, w->device, w->rule));
	}
	return 0;
}

static int act(struct assignment *h, int folder, struct journal *j, const struct survey *survey,
	       struct err *err)
{
	int rc = lanes_act(h, j, survey, err);

	if (!rc)
		rc = check_cdevs(h, err);
	if (rc)
		return rc;
	j->state = STATE_BOUND;
	return journal_write(h->host.arena, folder, j, err);
}

/* The first reason stays first; a failure to undo is reported after it. */
static int undo(struct assignment *h, int folder, struct journal *j, int rc, struct err *err)
{
	struct err why;
	int undone = return_all(h, folder, j, &why);

	/* that it is stuck was the reason */
	if (undone < 0 && !(undone == -ETIMEDOUT && rc == -ETIMEDOUT))
		return err_set(err, -rc, "%s; the undo also failed: %s",
			       arena_strdup(h->host.arena, err->text), why.text);
	return rc;
}

/* They stay, as sriov_numvfs asks: another VM may have one of them by the time this one ends. */
static int create_vfs(struct assignment *h, struct err *err)
{
	struct reservations held = { 0 };
	struct vf_needs needs = { 0 };
	int rc;

	if (!vfs_missing(h))
		return 0;
	rc = reserve_read(&h->host, h->uuid, &held, err);
	if (!rc)
		rc = vfs_needed(h, &held, &needs, err);
	return rc || !needs.n ? rc : vfs_create(h, &needs, err);
}

static int take(struct assignment *h, int folder, struct err *err)
{
	struct survey survey;
	struct journal j;
	int rc = create_vfs(h, err);

	if (!rc)
		rc = reserve(h, folder, &j, &survey, err);

	if (rc) {
		state_remove(&h->host, h->uuid, folder, &(struct err){ 0 });
		return rc;
	}
	rc = act(h, folder, &j, &survey, err);
	if (rc)
		return undo(h, folder, &j, rc, err);
	keep_remarks(h);
	return 0;
}

/* A VM without devices or memory: only its facts are written. The journal names their VM. */
static int take_nothing(struct assignment *h, int folder, struct err *err)
{
	struct journal j = fresh_journal(h);
	int rc;

	j.state = STATE_BOUND;
	rc = publish(h, folder, &j, err);
	if (rc)
		state_remove(&h->host, h->uuid, folder, &(struct err){ 0 });
	return rc;
}

int assignment_make(struct assignment *h, struct err *err)
{
	_cleanup_fd_ int folder = -1;
	int rc = h->wishes.n ? sees_host(h, err) : 0;

	if (rc)
		return rc;
	folder = return_open(h, 0, err);
	if (folder < 0)
		return folder;
	rc = return_left_over(h, folder, err);
	if (rc)
		return rc;
	return needs_any(h) ? take(h, folder, err) : take_nothing(h, folder, err);
}

/* ---- looking ---- */

static bool holds(struct assignment *h, const struct journal_device *d)
{
	const char *now;

	if (d->kind == HOSTDEV_MDEV)
		return mdev_exists(&h->host, d->device);
	if (d->role == ROLE_MANAGED || !d->target)
		return true;
	now = pci_driver(&h->host, d->device);
	return now && pci_same_driver(now, d->target);
}

static int say_changed(struct assignment *h, const struct journal_device *d, struct err *err)
{
	const char *now;

	if (d->kind == HOSTDEV_MDEV)
		return err_set(err, ENODEV,
			       "mediated device %s existed at 'prepare' and does not exist now",
			       d->device);
	now = pci_driver(&h->host, d->device);
	return err_set(err, ENODEV, "%s had driver %s after 'prepare', but the driver is now %s",
		       d->device, d->target, now ? now : "none");
}

int assignment_check(struct assignment *h, struct journal *j, struct err *err)
{
	int rc = journal_read(&h->host, h->uuid, j, err);

	for (size_t i = 0; rc == 0 && i < j->n_devices; i++)
		if (!holds(h, &j->devices[i]))
			rc = say_changed(h, &j->devices[i], err);
	return rc;
}

/* ---- returning ---- */

/* Seconds that another operation on this VM is waited for. */
#define RETURN_PATIENCE 60

int assignment_return(struct assignment *h, const struct strv *only, struct err *err)
{
	_cleanup_fd_ int folder = -1;

	if (!return_needed(h))
		return 0;
	folder = return_open(h, RETURN_PATIENCE, err);
	if (folder < 0)
		return folder;
	return return_of(h, folder, only, err);
}

/* Takes no lock: the processes that work on this VM may need it. */
static bool is_alive(struct assignment *h)
{
	struct process holder;
	struct journal j;

	return journal_read(&h->host, h->uuid, &j, &(struct err){ 0 }) == 0 &&
	       reserve_life(&h->host, &j, 0, &holder) != LIFE_NONE;
}

static int recover_locked(struct assignment *h, int folder, struct err *err)
{
	struct process holder;
	struct journal j;
	int rc = journal_read(&h->host, h->uuid, &j, err);

	if (rc == -ENOENT)
		return state_remove(&h->host, h->uuid, folder, err);
	if (rc)
		return rc;
	if (reserve_life(&h->host, &j, ASK_LOCKED, &holder) != LIFE_NONE)
		return -EAGAIN;
	if (j.kind == JOURNAL_HAND)
		rc = borrower_check(&h->host, &j, NULL, err);
	return rc ? rc : return_all(h, folder, &j, err);
}

int assignment_recover(struct assignment *h, struct err *err)
{
	_cleanup_fd_ int folder = -1;
	int rc;

	if (is_alive(h))
		return -EAGAIN;
	if (!return_needed(h))
		return 0;
	rc = sees_host(h, err);
	if (rc)
		return rc;
	folder = state_open(&h->host, h->uuid, err);
	if (folder == -EBUSY)
		return -EAGAIN;
	return folder < 0 ? folder : recover_locked(h, folder, err);
}
