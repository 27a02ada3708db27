/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/lanes.h"

#include <errno.h>
#include <pthread.h>

#include "arena.h"
#include "clock.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/steps/ops.h"
#include "hooks/steps/watch.h"
#include "hooks/survey/subject.h"
#include "host/act/act.h"
#include "root.h"
#include "str.h"

struct lane {
	struct work work;
	struct arena arena; /* of its thread */
	struct journal *journal;
	unsigned number;
	int rc;
	struct err err;
	struct strv notes;
	struct strv left; /* devices, or ops without one, that are left as they are */
	bool waiting;	  /* only OP_FREE now; else all other ops */
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

static void act_lane(struct lane *l)
{
	struct step *s = NULL;

	while (l->rc == 0 && (s = journal_next_in_lane(l->journal, l->number, s)))
		if ((s->op == OP_FREE) == l->waiting)
			act_on_step(l, s);
}

static const char *left_key(const char *device, enum op op)
{
	return device ? device : op_names[op];
}

static void forget_device(struct lane *l, const char *device)
{
	struct step *s = NULL;

	while ((s = journal_next_in_lane(l->journal, l->number, s)))
		if (s->device && str_eq(s->device, device))
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

	if (l->rc || l->work.n_stuck)
		return false;
	while ((s = journal_next_in_lane(l->journal, l->number, s)))
		if (strv_has(&l->left, left_key(s->device, s->op)))
			return false;
	return true;
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

static void act_side_by_side(struct lane *lanes, unsigned n, bool waiting, double since)
{
	for (unsigned i = 0; i < n; i++) {
		lanes[i].waiting = waiting;
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

int lanes_act(const struct assignment *h, struct journal *j, const struct survey *seen,
	      struct err *err)
{
	unsigned n = journal_lanes(j);
	struct watch watch;
	struct lane *lanes = make_lanes(h, j, &watch);

	watch_init(&watch, &h->host.root);
	if (seen)
		watch_seed(&watch, &seen->opens, seen->looked);
	act_lane(&lanes[0]);
	if (lanes[0].rc == 0)
		act_side_by_side(lanes, n, true, wait_since(j, seen));
	if (!any_failed(lanes, n))
		act_side_by_side(lanes, n, false, clock_ms());
	watch_end(&watch);
	return gather(h->host.arena, lanes, n, j, NULL, err);
}

int lanes_undo(struct assignment *h, struct journal *j, const bool *only, bool *undone,
	       struct err *err)
{
	unsigned n = journal_lanes(j);
	struct watch watch;
	struct lane *lanes = make_lanes(h, j, &watch);

	watch_init(&watch, &h->host.root);
	run_side_by_side(lanes, n, only, undo_lane);
	if (!only || only[0])
		undo_lane(&lanes[0]);
	for (unsigned i = 0; undone && i < n; i++)
		undone[i] = (!only || only[i]) && is_undone(&lanes[i]);
	watch_end(&watch);
	return gather(h->host.arena, lanes, n, j, &h->notes, err);
}
