/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/mediated.h"

#include "arena.h"
#include "conf/settings.h"
#include "hooks/assignment.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "host/pci/mdev.h"
#include "host/vfiocdev.h"
#include "root.h"
#include "str.h"

/* ---- the parent of a new device ---- */

/* How many of those looked at so far will be made there. */
static int planned(const struct survey *out, const char *parent)
{
	int n = 0;

	for (size_t i = 0; i < out->n_mdevs; i++)
		n += out->mdevs[i].parent && str_eq(out->mdevs[i].parent, parent);
	return n;
}

/* How many a journal will make there, and has not yet. */
static int promised(const struct host *host, const struct reservation *to, const char *parent)
{
	const struct journal *j = &to->journal;
	const struct step *s = NULL;
	int n = 0;

	if (j->state != STATE_BINDING || to->life == LIFE_NONE)
		return 0;
	while ((s = journal_next_step(j, OP_MDEV, s)))
		n += str_eq(s->device, parent) && !mdev_exists(host, s->name);
	return n;
}

/* The promises first: what is made in between counts twice rather than not at all. */
static int places_left(const struct host *host, const struct reservations *held,
		       const struct survey *out, const char *parent, const char *type)
{
	int n = planned(out, parent);

	for (size_t i = 0; i < held->n; i++)
		n += promised(host, &held->v[i], parent);
	return mdev_available(host, parent, type) - n;
}

static bool may_be_made_on(const struct host *host, const struct reservations *held,
			   const struct survey *out, const struct device_settings *conf,
			   struct mediated *m)
{
	const struct reservation *taken;

	if (!conf->mdev_type || subject_find(out, conf->address))
		return false;
	taken = reserve_taken(held, conf->address, JOURNAL_HAND);
	if (taken && taken->life == LIFE_NONE)
		m->left = taken;
	return !taken && places_left(host, held, out, conf->address, conf->mdev_type) > 0;
}

/* The first configured device that still offers its mdev-type. */
static void find_parent(const struct host *host, const struct settings *s,
			const struct reservations *held, const struct survey *out,
			struct mediated *m)
{
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct device_settings *conf = &s->devices[i];

		if (may_be_made_on(host, held, out, conf, m)) {
			m->parent = conf->address;
			m->type = conf->mdev_type;
			m->left = NULL;
			return;
		}
	}
}

void mediated_add(const struct assignment *h, const struct reservations *held, const struct wish *w,
		  struct survey *out)
{
	const struct host *host = &h->host;
	struct mediated *m = arena_push(host->arena, out->mdevs, out->n_mdevs, out->mdevs_cap);

	*m = (struct mediated){ .role = w->role,
				.rule = w->rule,
				.uuid = w->device,
				.iommufd = w->iommufd,
				.group = -1 };
	m->exists = mdev_exists(host, w->device);
	if (m->exists) {
		m->group = mdev_group(host, w->device);
		m->cdev = vfiocdev_name(host, w->device);
		mdev_nodes(host, w->device, &m->nodes);
	} else {
		find_parent(host, h->settings, held, out, m);
	}
}

/* Its own place is among those planned. */
static bool has_place(const struct host *host, const struct reservations *held,
		      const struct survey *s, const struct mediated *m)
{
	return !reserve_taken(held, m->parent, JOURNAL_HAND) &&
	       places_left(host, held, s, m->parent, m->type) >= 0;
}

bool mediated_holds(const struct host *host, const struct reservations *held,
		    const struct survey *s)
{
	for (size_t i = 0; i < s->n_mdevs; i++) {
		const struct mediated *m = &s->mdevs[i];

		if (mdev_exists(host, m->uuid) != m->exists)
			return false;
		if (m->parent && !has_place(host, held, s, m))
			return false;
	}
	return true;
}

/* ---- what is made on a function ---- */

static void add_made(struct arena *a, const struct reservations *held, const char *uuid,
		     struct subject *s, struct survey *out)
{
	const struct reservation *owner = reserve_owner(held, uuid, JOURNAL_HAND);

	subject_note_left(out, owner);
	if (owner)
		uuid = arena_printf(a, "%s (%s)", uuid, reserve_text(a, owner));
	strv_push(a, &s->mdevs, uuid);
}

static void own_made(const struct host *host, const struct reservations *held, struct survey *out)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < out->n; i++)
		out->v[i].mdevs.n = 0;
	mdev_list(host, &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *parent = mdev_parent(host, all.v[i]);
		struct subject *s = parent ? subject_find(out, parent) : NULL;

		if (s)
			add_made(host->arena, held, all.v[i], s, out);
	}
}

void mediated_own(const struct assignment *h, const struct reservations *held, struct survey *out)
{
	for (size_t i = 0; i < out->n_mdevs; i++) {
		struct mediated *m = &out->mdevs[i];

		m->owner = reserve_owner(held, m->uuid, h->kind);
		m->doubt = reserve_doubt(&h->host, held, m->uuid);
		subject_note_left(out, m->owner ? m->owner : m->left);
	}
	own_made(&h->host, held, out);
}
