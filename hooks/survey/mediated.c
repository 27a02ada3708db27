/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/mediated.h"

#include "arena.h"
#include "conf/settings.h"
#include "host/host.h"
#include "host/pci/mdev.h"
#include "str.h"

/* ---- where one is made ---- */

/* How many of those looked at so far will be made there. */
static int planned(const struct survey *out, const char *parent)
{
	int n = 0;

	for (size_t i = 0; i < out->n_mdevs; i++)
		n += out->mdevs[i].parent && str_eq(out->mdevs[i].parent, parent);
	return n;
}

/* How many a journal will make there, and has not yet. */
static int promised(struct arena *a, const struct root *r, const struct reservation *to,
		    const char *parent)
{
	const struct journal *j = &to->journal;
	int n = 0;

	if (j->state != STATE_BINDING || to->life == LIFE_NONE)
		return 0;
	for (size_t i = 0; i < j->n_steps; i++)
		n += j->steps[i].op == OP_MDEV && str_eq(j->steps[i].device, parent) &&
		     !host_has_mdev(a, r, j->steps[i].name);
	return n;
}

/* The promises first: what is made in between counts twice rather than not at all. */
static int places_left(struct arena *a, const struct root *r, const struct reservations *held,
		       const struct survey *out, const char *parent, const char *type)
{
	int n = planned(out, parent);

	for (size_t i = 0; i < held->n; i++)
		n += promised(a, r, &held->v[i], parent);
	return mdev_available(a, r, parent, type) - n;
}

static bool may_be_made_on(struct arena *a, const struct root *r, const struct reservations *held,
			   const struct survey *out, const struct device_settings *conf,
			   struct mediated *m)
{
	const struct reservation *taken;

	if (!conf->mdev_type || survey_find(out, conf->address))
		return false;
	taken = reserve_taken(held, conf->address, JOURNAL_HAND);
	if (taken && taken->life == LIFE_NONE)
		m->left = taken;
	return !taken && places_left(a, r, held, out, conf->address, conf->mdev_type) > 0;
}

/* The first configured device that still offers its mdev-type. */
static void find_parent(struct arena *a, const struct root *r, const struct settings *s,
			const struct reservations *held, const struct survey *out,
			struct mediated *m)
{
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct device_settings *conf = &s->devices[i];

		if (may_be_made_on(a, r, held, out, conf, m)) {
			m->parent = conf->address;
			m->type = conf->mdev_type;
			m->left = NULL;
			return;
		}
	}
}

void mediated_add(struct arena *a, const struct root *r, const struct settings *s,
		  const struct reservations *held, const struct wish *w, struct survey *out)
{
	struct mediated *m = arena_push(a, out->mdevs, out->n_mdevs, out->mdevs_cap);

	*m = (struct mediated){ .role = w->role, .rule = w->rule, .uuid = w->device, .group = -1 };
	m->exists = host_has_mdev(a, r, w->device);
	if (m->exists)
		m->group = mdev_group(a, r, w->device);
	else
		find_parent(a, r, s, held, out, m);
}

/* Its own place is among those planned. */
static bool has_place(struct arena *a, const struct root *r, const struct reservations *held,
		      const struct survey *s, const struct mediated *m)
{
	return !reserve_taken(held, m->parent, JOURNAL_HAND) &&
	       places_left(a, r, held, s, m->parent, m->type) >= 0;
}

bool mediated_holds(struct arena *a, const struct root *r, const struct reservations *held,
		    const struct survey *s)
{
	for (size_t i = 0; i < s->n_mdevs; i++) {
		const struct mediated *m = &s->mdevs[i];

		if (host_has_mdev(a, r, m->uuid) != m->exists)
			return false;
		if (m->parent && !has_place(a, r, held, s, m))
			return false;
	}
	return true;
}

/* ---- what is made on a function ---- */

static void add_made(struct arena *a, const struct reservations *held, const char *uuid,
		     struct subject *s, struct survey *out)
{
	const struct reservation *owner = reserve_owner(held, uuid, JOURNAL_HAND);

	survey_met(out, owner);
	if (owner)
		uuid = arena_printf(a, "%s (%s)", uuid, reserve_text(a, owner));
	strv_push(a, &s->mdevs, uuid);
}

static void own_made(struct arena *a, const struct root *r, const struct reservations *held,
		     struct survey *out)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < out->n; i++)
		out->v[i].mdevs.n = 0;
	mdev_list(a, r, &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *parent = mdev_parent(a, r, all.v[i]);
		struct subject *s = parent ? survey_find(out, parent) : NULL;

		if (s)
			add_made(a, held, all.v[i], s, out);
	}
}

void mediated_own(struct arena *a, const struct root *r, enum journal_kind kind,
		  const struct reservations *held, struct survey *out)
{
	for (size_t i = 0; i < out->n_mdevs; i++) {
		struct mediated *m = &out->mdevs[i];

		m->owner = reserve_owner(held, m->uuid, kind);
		survey_met(out, m->owner ? m->owner : m->left);
	}
	own_made(a, r, held, out);
}
