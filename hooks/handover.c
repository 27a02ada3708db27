/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/handover.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/giveback.h"
#include "hooks/judge.h"
#include "hooks/lanes.h"
#include "hooks/memorylook.h"
#include "hooks/lent.h"
#include "hooks/plan.h"
#include "hooks/state.h"
#include "hooks/walls.h"
#include "host/host.h"
#include "str.h"

int handover_wish(struct handover *h, const struct wish *w, struct err *err)
{
	for (size_t i = 0; i < h->wishes.n; i++)
		if (str_eq(h->wishes.v[i].device, w->device))
			return err_set(err, EEXIST, "%s is asked for twice%s%s", w->device,
				       w->rule ? ": by the domain or another rule, and by " : "",
				       w->rule ? w->rule : "");
	*arena_push(h->arena, h->wishes.v, h->wishes.n, h->wishes.cap) = *w;
	return 0;
}

static const char *timestamp(struct arena *a)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_strdup(a, text);
}

static struct journal fresh_journal(struct handover *h)
{
	return (struct journal){
		.kind = h->kind,
		.state = STATE_BINDING,
		.uuid = h->uuid,
		.name = h->name,
		.boot = process_boot_id(h->arena, h->root),
		.created = timestamp(h->arena),
		.daemon = process_real(h->arena, getppid()),
	};
}

/* ---- judging ---- */

static int refuse(struct handover *h, const struct strv *refusals, struct err *err)
{
	struct strbuf b = { .arena = h->arena };

	for (size_t i = 0; i < refusals->n; i++)
		strbuf_addf(&b, "%s%s", i ? "; " : "", refusals->v[i]);
	return err_set(err, EBUSY, "%s", strbuf_text(&b));
}

/* The journal of a VM that is gone and has what we want; NULL: none. */
static const struct reservation *left_over(const struct survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].owner && s->v[i].owner->life == LIFE_NONE)
			return s->v[i].owner;
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (s->mdevs[i].owner && s->mdevs[i].owner->life == LIFE_NONE)
			return s->mdevs[i].owner;
	return NULL;
}

/* ---- memory ---- */

static bool asks_for_huge(const struct domain_memory *m)
{
	for (size_t i = 0; m && i < m->n; i++)
		if (m->needs[i].huge)
			return true;
	return false;
}

/* VFIO pins all of it before the guest runs, and so does mlockall(2). */
static bool pins_memory(const struct handover *h)
{
	return h->memory && (h->wishes.n || h->memory->locked);
}

/* Must there be a journal? */
static bool takes_something(const struct handover *h)
{
	return h->wishes.n || asks_for_huge(h->memory) || pins_memory(h);
}

static void consider_memory(struct handover *h, const struct reservations *held,
			    struct memory_case *c, struct growths *grow, struct strv *refusals)
{
	if (!h->memory)
		return;
	c->allocate = h->settings->hook.hugepages_allocate;
	memory_look(h->arena, h->root, held, c);
	memory_claims(h->arena, h->memory, pins_memory(h), &c->host, &c->asked);
	memory_judge(h->arena, c, refusals, grow);
}

static void consider_walls(struct handover *h, const struct survey *survey, struct strv *refusals)
{
	struct wall_facts facts;

	if (!h->memory)
		return;
	walls_look(h->arena, h->root, survey, h->memory, getppid(), &facts);
	walls_judge(&facts, refusals);
}

/* Looks, judges, plans. stale (if given) stops it before it judges. */
static int consider(struct handover *h, struct journal *j, const struct reservation **stale,
		    struct err *err)
{
	struct reservations held = { 0 };
	struct strv refusals = { 0 };
	struct memory_case memory = { 0 };
	struct growths grow = { 0 };
	struct survey survey;
	int rc = reserve_read(h->arena, h->root, h->uuid, &held, err);

	if (rc)
		return rc;
	survey_make(h->arena, h->root, h->settings, h->kind, &h->wishes, &held, &survey);
	if (stale && (*stale = left_over(&survey)))
		return 0;
	judge(h->arena, h->settings, &survey, &refusals);
	consider_memory(h, &held, &memory, &grow, &refusals);
	consider_walls(h, &survey, &refusals);
	if (refusals.n)
		return refuse(h, &refusals, err);
	*j = fresh_journal(h);
	plan_make(h->arena, &survey, j);
	memory_plan(h->arena, &memory.asked, &grow, j);
	return 0;
}

int handover_plan(struct handover *h, struct journal *j, struct err *err)
{
	return consider(h, j, NULL, err);
}

/* ---- taking ---- */

static int publish(struct handover *h, int folder, const struct journal *j, struct err *err)
{
	int rc = journal_write(h->arena, folder, j, err);

	if (!rc && h->facts)
		rc = facts_write(h->arena, folder, h->uuid, h->facts, h->grants, err);
	return rc;
}

/* Under the one lock: two that want the same device come one after the other. */
static int try_reserve(struct handover *h, int folder, struct journal *j,
		       const struct reservation **stale, struct err *err)
{
	_cleanup_fd_ int lock = state_lock(h->arena, h->root, err);
	int rc;

	if (lock < 0)
		return lock;
	rc = consider(h, j, stale, err);
	if (rc || (stale && *stale))
		return rc;
	return publish(h, folder, j, err);
}

static int recover_left_over(struct handover *h, const struct reservation *stale)
{
	struct handover other = *h;
	struct err err = { 0 };
	int rc;

	other.uuid = stale->journal.uuid;
	other.notes = (struct strv){ 0 };
	rc = handover_recover(&other, &err);
	for (size_t i = 0; i < other.notes.n; i++)
		strv_push(h->arena, &h->notes, other.notes.v[i]);
	if (rc && rc != -EAGAIN)
		strv_push(h->arena, &h->notes, arena_strdup(h->arena, err.text));
	return rc;
}

/* What VMs that are gone have left is undone first, without the lock. */
static int reserve(struct handover *h, int folder, struct journal *j, struct err *err)
{
	const struct reservation *stale = NULL;
	int rc = 0;

	do {
		rc = try_reserve(h, folder, j, &stale, err);
		if (rc || !stale)
			return rc;
	} while (recover_left_over(h, stale) == 0);
	return try_reserve(h, folder, j, NULL, err);
}

static int act(struct handover *h, int folder, struct journal *j, struct err *err)
{
	int rc = lanes_act(h->arena, h->root, h->settings, j, err);

	if (rc)
		return rc;
	j->state = STATE_BOUND;
	return journal_write(h->arena, folder, j, err);
}

/* The reason stays the first one; what could not be undone is told behind it. */
static int undo(struct handover *h, int folder, struct journal *j, int rc, struct err *err)
{
	struct err why;
	int undone = giveback(h->arena, h->root, h->settings, folder, j, &h->notes, &why);

	/* that it is wedged was the reason */
	if (undone < 0 && !(undone == -ETIMEDOUT && rc == -ETIMEDOUT))
		return err_set(err, -rc, "%s; undoing it: %s",
			       arena_strdup(h->arena, err->text), why.text);
	return rc;
}

static int take(struct handover *h, int folder, struct err *err)
{
	struct journal j;
	int rc = reserve(h, folder, &j, err);

	if (rc) {
		state_remove(h->arena, h->root, h->uuid, folder, &(struct err){ 0 });
		return rc;
	}
	rc = act(h, folder, &j, err);
	return rc ? undo(h, folder, &j, rc, err) : 0;
}

/* A VM without host devices: what its rules go by is all. The journal tells whose it is. */
static int take_nothing(struct handover *h, int folder, struct err *err)
{
	struct journal j = fresh_journal(h);
	int rc;

	j.state = STATE_BOUND;
	rc = publish(h, folder, &j, err);
	if (rc)
		state_remove(h->arena, h->root, h->uuid, folder, &(struct err){ 0 });
	return rc;
}

int handover_take(struct handover *h, struct err *err)
{
	_cleanup_fd_ int folder = giveback_open(h->arena, h->root, h->uuid, h->name, err);
	int rc;

	if (folder < 0)
		return folder;
	rc = giveback_old(h->arena, h->root, h->settings, folder, h->uuid, &h->notes, err);
	if (rc)
		return rc;
	return takes_something(h) ? take(h, folder, err) : take_nothing(h, folder, err);
}

/* ---- looking ---- */

static bool holds(struct handover *h, const struct journal_device *d)
{
	const char *now;

	if (d->kind == HOSTDEV_MDEV)
		return host_has_mdev(h->arena, h->root, d->device);
	if (d->role == ROLE_MANAGED || !d->target)
		return true;
	now = host_pci_driver(h->arena, h->root, d->device);
	return now && str_eq(now, d->target);
}

int handover_check(struct handover *h, struct journal *j, struct err *err)
{
	int rc = journal_read(h->arena, h->root, h->uuid, j, err);

	for (size_t i = 0; rc == 0 && i < j->n_devices; i++)
		if (!holds(h, &j->devices[i]))
			rc = err_set(err, ENODEV,
				     "%s is no longer what was prepared: its driver is %s, not %s",
				     j->devices[i].device,
				     host_pci_driver(h->arena, h->root, j->devices[i].device) ?
					     host_pci_driver(h->arena, h->root,
							     j->devices[i].device) :
					     "none",
				     j->devices[i].target ? j->devices[i].target : "there");
	return rc;
}

/* ---- giving back ---- */

int handover_give(struct handover *h, const struct strv *only, struct err *err)
{
	_cleanup_fd_ int folder = -1;

	if (!giveback_needed(h->arena, h->root, h->uuid))
		return 0;
	folder = giveback_open(h->arena, h->root, h->uuid, h->name, err);
	if (folder < 0)
		return folder;
	return giveback_of(h->arena, h->root, h->settings, folder, h->uuid, only, &h->notes, err);
}

int handover_recover(struct handover *h, struct err *err)
{
	_cleanup_fd_ int folder = state_open(h->arena, h->root, h->uuid, err);
	struct journal j;
	struct process holder;
	int rc;

	if (folder == -EBUSY)
		return -EAGAIN;
	if (folder < 0)
		return folder;
	rc = journal_read(h->arena, h->root, h->uuid, &j, err);
	if (rc == -ENOENT)
		return state_remove(h->arena, h->root, h->uuid, folder, err);
	if (rc)
		return rc;
	if (reserve_life(h->arena, h->root, &j, ASK_LOCKED, &holder) != LIFE_NONE)
		return -EAGAIN;
	if (j.kind == JOURNAL_HAND && (rc = lent_check(h->arena, h->root, &j, NULL, err)))
		return rc;
	return giveback(h->arena, h->root, h->settings, folder, &j, &h->notes, err);
}
