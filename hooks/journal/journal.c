/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/journal.h"

#include "arena.h"

/* ---- devices ---- */

const struct journal_device *journal_device(const struct journal *j, const char *device)
{
	for (size_t i = 0; i < j->n_devices; i++)
		if (str_eq(j->devices[i].device, device))
			return &j->devices[i];
	return NULL;
}

void journal_add_device(struct arena *a, struct journal *j, struct journal_device d)
{
	*arena_push(a, j->devices, j->n_devices, j->devices_cap) = d;
}

/* ---- steps ---- */

void journal_add_step(struct arena *a, struct journal *j, struct step s)
{
	*arena_push(a, j->steps, j->n_steps, j->steps_cap) = s;
}

static size_t index_after(const struct journal *j, const struct step *after)
{
	return after ? (size_t)(after - j->steps) + 1 : 0;
}

const struct step *journal_next_step(const struct journal *j, enum op op, const struct step *after)
{
	for (size_t i = index_after(j, after); i < j->n_steps; i++)
		if (j->steps[i].op == op)
			return &j->steps[i];
	return NULL;
}

bool journal_has_managed(const struct journal *j)
{
	for (size_t i = 0; i < j->n_devices; i++)
		if (j->devices[i].role == ROLE_MANAGED)
			return true;
	return false;
}

const struct step *journal_step(const struct journal *j, enum op op, const char *device)
{
	const struct step *s = NULL;

	while ((s = journal_next_step(j, op, s)))
		if (str_same(s->device, device))
			break;
	return s;
}

const struct step *journal_step_named(const struct journal *j, enum op op, const char *name)
{
	const struct step *s = NULL;

	while ((s = journal_next_step(j, op, s)))
		if (str_same(s->name, name))
			break;
	return s;
}

/* OP_MDEV's device is the parent; its name is the mediated device that it makes. */
static bool is_step_of(const struct step *s, const char *device)
{
	return str_same(s->device, device) || (s->op == OP_MDEV && str_same(s->name, device));
}

const struct step *journal_step_of(const struct journal *j, const char *device)
{
	for (size_t i = 0; i < j->n_steps; i++)
		if (is_step_of(&j->steps[i], device))
			return &j->steps[i];
	return NULL;
}

/* ---- lanes ---- */

unsigned journal_lanes(const struct journal *j)
{
	unsigned n = 1;

	for (size_t i = 0; i < j->n_steps; i++)
		if (j->steps[i].lane >= n)
			n = j->steps[i].lane + 1;
	return n;
}

struct step *journal_next_in_lane(const struct journal *j, unsigned lane, const struct step *after)
{
	for (size_t i = index_after(j, after); i < j->n_steps; i++)
		if (j->steps[i].lane == lane)
			return &j->steps[i];
	return NULL;
}

struct step *journal_previous_in_lane(const struct journal *j, unsigned lane,
				      const struct step *before)
{
	size_t i = before ? (size_t)(before - j->steps) : j->n_steps;

	while (i-- > 0)
		if (j->steps[i].lane == lane)
			return &j->steps[i];
	return NULL;
}

void journal_drop_lanes(struct journal *j, const bool *lanes)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n_steps; i++)
		if (!lanes[j->steps[i].lane])
			j->steps[n++] = j->steps[i];
	j->n_steps = n;
}
