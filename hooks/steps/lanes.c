/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/lanes.h"

#include <errno.h>
#include <pthread.h>

#include "arena.h"
#include "clock.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/steps/ops.h"
#include "hooks/steps/watch.h"
#include "hooks/survey/subject.h"
#include "host/act/act.h"
#include "root.h"
#include "str.h"

/* First all lanes wait until their devices are free, and at last the VM has all its devices. */
enum phase { PHASE_CHANGE, PHASE_WAIT, PHASE_START };

struct lane {
	struct work work;
	struct arena arena; /* of its thread */
	struct journal *journal;
	unsigned number;
	int rc;
	struct err err;
	struct strv notes;
	struct strv left; /* devices, or ops without one, that are left as they are */
	enum phase phase; /* the steps that it does now */
	const bool *back; /* of lane 0: the lanes of which all is undone */
	bool kept;	  /* of lane 0: a unit waits for a device that is not returned */
	pthread_t thread;
	bool threaded;
};

typedef void run_fn(struct lane *lane);

/* ---- one lane ---- */

static void act_on_step(struct lane *l, struct step *s)
{
	double start = clock_ms();
	int rc = op_rows[s->op].act(&l->work, s, &l->err);

	s->ms = clock_ms() - start;
	s->done = rc == 0;
	s->theirs = s->op == OP_MDEV && rc == -EEXIST;
	l->rc = rc;
}

static enum phase phase_of(enum op op)
{
	if (op == OP_ASK || op == OP_FREE)
		return PHASE_WAIT;
	return op == OP_START ? PHASE_START : PHASE_CHANGE;
}

static void act_lane(struct lane *l)
{
	struct step *s = NULL;

	while (l->rc == 0 && (s = journal_next_in_lane(l->journal, l->number, s)))
		if (phase_of(s->op) == l->phase)
			act_on_step(l, s);
}

static const char *left_key(const char *device, enum op op)
{
	return device ? device : op_names[op];
}

/* A unit that was started is stopped, whatever happened to the device. */
static void forget_device(struct lane *l, const char *device)
{
	struct step *s = NULL;

	while ((s = journal_next_in_lane(l->journal, l->number, s)))
		if (s->device && str_eq(s->device, device) && s->op != OP_BEFORE &&
		    s->op != OP_UNBOUND)
			s->done = false;
}

static void undo_step(struct lane *l, struct step *s)
{
	const struct op_row *row = &op_rows[s->op];
	struct err err;
	int rc;

	if (!row->undo || !s->done || strv_has(&l->left, left_key(s->device, s->op)))
		return;
	rc = row->undo(&l->work, s, &err);
	if (rc == LEFT_ALONE)
		forget_device(l, s->device);
	if (rc >= 0) {
		s->done = false;
		return;
	}
	if (row->undo_fails == FAILS_NOTE) {
		strv_push(&l->arena, &l->notes, arena_strdup(&l->arena, err.text));
		return;
	}
	strv_push(&l->arena, &l->left, left_key(s->device, s->op));
	if (l->rc == 0)
		l->err = err;
	l->rc = l->rc ? l->rc : rc;
}

static void leave_stuck(struct lane *l)
{
	for (size_t i = 0; i < l->journal->n_stuck; i++)
		strv_push(&l->arena, &l->left,
			  left_key(l->journal->stuck[i].device, l->journal->stuck[i].op));
}

static void undo_lane(struct lane *l)
{
	struct step *s = NULL;

	leave_stuck(l);
	while ((s = journal_previous_in_lane(l->journal, l->number, s)))
		undo_step(l, s);
}

/* Has it undone all that it had to? What hung may be done yet. */
static bool is_undone(const struct lane *l)
{
	const struct step *s = NULL;

	if (l->rc || l->work.n_stuck || l->kept)
		return false;
	while ((s = journal_next_in_lane(l->journal, l->number, s)))
		if (strv_has(&l->left, left_key(s->device, s->op)))
			return false;
	return true;
}

/* ---- units, in lane 0 ---- */

static bool is_back(const struct lane *l, const char *device)
{
	const struct step *s = journal_step_of(l->journal, device);

	return !s || l->back[s->lane];
}

static bool stops_unit(const struct settings *settings, const char *device, const char *unit)
{
	const struct device_settings *conf = settings_of_device(settings, device);

	return conf && strv_has(&conf->stop_units, unit);
}

/*
 * Is a device of this unit not back? The unit would start without it, or take it from the next
 * attempt. If kvmshim.conf names the unit for none of the devices by now, it may be for any.
 */
static bool lacks_device(const struct lane *l, const char *unit)
{
	const struct journal *j = l->journal;
	bool named = false, lacks_its = false, lacks_any = false;

	for (size_t i = 0; i < j->n_devices; i++) {
		const char *device = j->devices[i].device;
		bool back = is_back(l, device), its = stops_unit(l->work.settings, device, unit);

		named |= its;
		lacks_its |= its && !back;
		lacks_any |= !back;
	}
	return named ? lacks_its : lacks_any;
}

/* The step stays in the journal: whoever gets the device back starts the unit. */
static bool waits_for_device(const struct lane *l, const struct step *s)
{
	return s->op == OP_UNIT && s->done && lacks_device(l, s->name);
}

static void note_failure(struct lane *l, int rc, const struct err *err)
{
	if (rc)
		strv_push(&l->arena, &l->notes, arena_strdup(&l->arena, err->text));
}

/* Stops the units that pause, or starts them again; the steps stay done. */
static void pause_units(struct lane *l, bool start)
{
	const struct op_row *row = &op_rows[OP_PAUSE];
	struct step *s = NULL;
	struct err err;

	while ((s = journal_next_in_lane(l->journal, 0, s)))
		if (s->op == OP_PAUSE && s->done)
			note_failure(l, (start ? row->undo : row->act)(&l->work, s, &err), &err);
}

static bool all_back(const struct lane *l)
{
	unsigned n = journal_lanes(l->journal);

	for (unsigned i = 1; i < n; i++)
		if (!l->back[i])
			return false;
	return true;
}

/* Units that pause start in any case, and pause again at the next attempt. */
static void undo_first_lane(struct lane *l)
{
	bool all = all_back(l);
	struct step *s = NULL;

	leave_stuck(l);
	if (!all)
		pause_units(l, true);
	while ((s = journal_previous_in_lane(l->journal, 0, s)))
		if ((s->op == OP_PAUSE && !all) || waits_for_device(l, s))
			l->kept = true;
		else
			undo_step(l, s);
}

/* Units that were started for the VM, and for none of its devices, stop before these go. */
static void stop_started(struct lane *l)
{
	struct step *s = NULL;

	while ((s = journal_previous_in_lane(l->journal, 0, s))) {
		if (s->op != OP_START)
			continue;
		undo_step(l, s);
		s->done = false;
	}
}

/* ---- all lanes ---- */

struct start {
	struct lane *lane;
	run_fn *run;
};

static void *in_thread(void *arg)
{
	struct start *start = arg;

	start->run(start->lane);
	act_end();
	return NULL;
}

/* A lane that gets no thread goes in this one. */
static void run_side_by_side(struct lane *lanes, unsigned n, const bool *only, run_fn *run)
{
	struct start *starts = arena_alloc(lanes[0].work.host.arena, n * sizeof(*starts));
	unsigned last = 0;

	for (unsigned i = 1; i < n; i++)
		if (!only || only[i])
			last = i;
	for (unsigned i = 1; i < last; i++) {
		if (only && !only[i])
			continue;
		starts[i] = (struct start){ &lanes[i], run };
		lanes[i].threaded =
			pthread_create(&lanes[i].thread, NULL, in_thread, &starts[i]) == 0;
		if (!lanes[i].threaded)
			run(&lanes[i]);
	}
	if (last)
		run(&lanes[last]);
	for (unsigned i = 1; i < last; i++)
		if (lanes[i].threaded)
			pthread_join(lanes[i].thread, NULL);
}

static struct lane *make_lanes(const struct assignment *h, struct journal *j, struct watch *watch)
{
	unsigned n = journal_lanes(j);
	struct lane *lanes = arena_alloc(h->host.arena, n * sizeof(*lanes));

	for (unsigned i = 0; i < n; i++) {
		lanes[i].number = i;
		lanes[i].journal = j;
		lanes[i].work = (struct work){
			.host = { &lanes[i].arena, h->host.root },
			.settings = h->settings,
			.journal = j,
			.watch = watch,
			.notes = &lanes[i].notes,
		};
	}
	return lanes;
}

static void add_stuck(struct arena *a, struct journal *j, const struct stuck *w)
{
	struct stuck *to = arena_push(a, j->stuck, j->n_stuck, j->stuck_cap);

	*to = *w;
	if (w->device)
		to->device = arena_strdup(a, w->device);
}

/*
 * Collects the results of the lanes in one arena; their own arenas end here. The first
 * failure counts.
 */
static int gather(struct arena *a, struct lane *lanes, unsigned n, struct journal *j,
		  struct strv *notes, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < n; i++) {
		struct lane *l = &lanes[i];

		for (size_t k = 0; k < l->work.n_stuck; k++)
			add_stuck(a, j, &l->work.stuck[k]);
		for (size_t k = 0; notes && k < l->notes.n; k++)
			strv_push(a, notes, arena_strdup(a, l->notes.v[k]));
		if (rc == 0 && l->rc)
			rc = err_set(err, l->err.code, "%s", l->err.text);
		arena_free(&l->arena);
	}
	return rc;
}

static void act_side_by_side(struct lane *lanes, unsigned n, enum phase phase, double since)
{
	for (unsigned i = 0; i < n; i++) {
		lanes[i].phase = phase;
		lanes[i].work.since = since;
	}
	run_side_by_side(lanes, n, NULL, act_lane);
}

static bool any_failed(const struct lane *lanes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (lanes[i].rc)
			return true;
	return false;
}

/*
 * A wait begins with the results of the survey, because another look follows just before an
 * unbind. If a step of lane 0 was done since then, such as to stop a unit, it looks again.
 */
static double wait_since(const struct journal *j, const struct survey *seen)
{
	return seen && seen->looked > 0 && !journal_next_in_lane(j, 0, NULL) ? seen->looked : clock_ms();
}

/*
 * Does a driver change while we are at it? libvirt binds the devices with managed='yes' after
 * `prepare`, and returns them before `release`.
 */
static bool changes_drivers(const struct journal *j)
{
	for (size_t i = 0; i < j->n_devices; i++)
		if (j->devices[i].role != ROLE_MANAGED)
			return true;
	return false;
}

/* `start` does them: an undo stops these units also before that, for nothing. */
static void leave_to_start(struct journal *j)
{
	for (size_t i = 0; i < j->n_steps; i++)
		if (phase_of(j->steps[i].op) == PHASE_START)
			j->steps[i].done = true;
}

/* Lane by lane: that of a VM's own units is lane 0. */
static void start_units(struct lane *lanes, unsigned n)
{
	for (unsigned i = 0; i < n && !any_failed(lanes, n); i++) {
		lanes[i].phase = PHASE_START;
		act_lane(&lanes[i]);
	}
}

int lanes_act(struct assignment *h, struct journal *j, const struct survey *seen, struct err *err)
{
	unsigned n = journal_lanes(j);
	struct watch watch;
	struct lane *lanes = make_lanes(h, j, &watch);

	watch_init(&watch, &h->host.root);
	if (seen)
		watch_seed(&watch, &seen->opens, seen->looked);
	act_lane(&lanes[0]);
	if (lanes[0].rc == 0)
		act_side_by_side(lanes, n, PHASE_WAIT, wait_since(j, seen));
	if (!any_failed(lanes, n))
		act_side_by_side(lanes, n, PHASE_CHANGE, clock_ms());
	/* where libvirt is yet to bind one, they start at `start` */
	if (journal_has_managed(j)) {
		leave_to_start(j);
	} else if (!any_failed(lanes, n)) {
		pause_units(&lanes[0], true);
		start_units(lanes, n);
	}
	watch_end(&watch);
	return gather(h->host.arena, lanes, n, j, &h->notes, err);
}

/* Lane 0 last, which knows by then which devices are back. */
static void undo_first(struct lane *lanes, const bool *only, unsigned n)
{
	struct arena *a = &lanes[0].arena;
	bool *back = arena_alloc(a, n * sizeof(*back));

	for (unsigned i = 1; i < n; i++)
		back[i] = is_undone(&lanes[i]);
	lanes[0].back = back;
	if (!only || only[0])
		undo_first_lane(&lanes[0]);
	else
		pause_units(&lanes[0], true);
}

int lanes_undo(struct assignment *h, struct journal *j, const bool *only, bool *undone,
	       struct err *err)
{
	unsigned n = journal_lanes(j);
	struct watch watch;
	struct lane *lanes = make_lanes(h, j, &watch);

	watch_init(&watch, &h->host.root);
	if (!only || only[0])
		stop_started(&lanes[0]);
	if (changes_drivers(j))
		pause_units(&lanes[0], false);
	run_side_by_side(lanes, n, only, undo_lane);
	undo_first(lanes, only, n);
	for (unsigned i = 0; undone && i < n; i++)
		undone[i] = (!only || only[i]) && is_undone(&lanes[i]);
	watch_end(&watch);
	return gather(h->host.arena, lanes, n, j, &h->notes, err);
}
