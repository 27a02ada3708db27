/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/hostunits.h"

#include "arena.h"
#include "conf/grants.h"
#include "conf/settings.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "hooks/survey/units.h"
#include "host/host.h"
#include "host/process/seat.h"
#include "root.h"
#include "str.h"

struct looking {
	const struct host *host;
	const struct reservations *held;
	const struct subject *subject;
	struct strv *notes;
};

/* Has the hook started it for another VM, or for a device that is bound by hand? */
static bool is_started(const struct reservations *held, enum op op, const char *unit)
{
	for (size_t i = 0; i < held->n; i++)
		if (journal_step_named(&held->v[i].journal, op, unit))
			return true;
	return false;
}

/* One that somebody else has started is not stopped at the return. */
static bool is_of_others(const struct looking *l, enum op op, const char *unit)
{
	return unit_is_active(l->host, unit) && !is_started(l->held, op, unit);
}

static void look_at_starts(const struct looking *l, const struct strv *units, struct strv *out)
{
	for (size_t i = 0; i < units->n; i++)
		if (!is_of_others(l, OP_START, units->v[i]))
			strv_push(l->host->arena, out, units->v[i]);
}

static void note(const struct looking *l, const char *why, const char *key, const char *unit)
{
	strv_push(l->host->arena, l->notes,
		  arena_printf(l->host->arena, "%s: %s, so the hook does not start %s of %s",
			       l->subject->pci.address, why, unit, key));
}

/* A unit with RemainAfterExit=yes that is active would not run again. */
static void look_at_point(const struct looking *l, const char *key, enum op op,
			  const struct strv *units, bool reached, struct strv *out)
{
	for (size_t i = 0; i < units->n; i++)
		if (!reached)
			note(l, "the hook does not unbind the device itself", key, units->v[i]);
		else if (is_of_others(l, op, units->v[i]))
			note(l, "the unit is active already", key, units->v[i]);
		else
			strv_push(l->host->arena, out, units->v[i]);
}

static void look_at_modules(const struct looking *l, const struct strv *modules, struct strv *out)
{
	for (size_t i = 0; i < modules->n; i++)
		if (!host_has_module(l->host, modules->v[i]))
			strv_push(l->host->arena, out, modules->v[i]);
}

void hostunits_look(const struct host *host, const struct reservations *held, struct subject *s,
		    struct strv *notes)
{
	const struct device_settings *conf = s->conf;
	struct looking l = { host, held, s, notes };
	bool ours = subject_is_bound_by_us(s);

	if (!conf || subject_stays(s))
		return;
	units_active(host, &conf->stop_units, &s->units, "kvmshim.conf", notes);
	units_active(host, &conf->pause_units, &s->paused, "kvmshim.conf", notes);
	look_at_starts(&l, &conf->start_units, &s->starts);
	look_at_point(&l, "units-before-unbind", OP_BEFORE, &conf->units_before_unbind,
		      ours || s->role == ROLE_MANAGED, &s->before_unbind);
	look_at_point(&l, "units-while-unbound", OP_UNBOUND, &conf->units_while_unbound, ours,
		      &s->while_unbound);
	for (size_t i = 0; i < conf->end_sessions.n; i++)
		if (seat_has_sessions(host, conf->end_sessions.v[i]))
			strv_push(host->arena, &s->seats, conf->end_sessions.v[i]);
	look_at_modules(&l, &conf->load_modules, &s->loads);
}

void hostunits_of_rules(const struct host *host, const struct reservations *held,
			const struct grants *g, struct survey *out)
{
	struct looking l = { host, held, NULL, &out->notes };

	if (!g)
		return;
	units_active(host, &g->stop_units, &out->units, "a rule", &out->notes);
	if (out->n || out->n_mdevs)
		units_active(host, &g->pause_units, &out->paused, "a rule", &out->notes);
	look_at_starts(&l, &g->start_units, &out->starts);
}
