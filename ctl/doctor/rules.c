/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own settings, rules and journals. */
#include "arena.h"
#include "conf/confdir.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "hooks/journal/salvage.h"
#include "hooks/journal/stuck.h"
#include "shellword.h"

#define CONF CONFDIR_ETC "/" SETTINGS_FILE

struct row doctor_kill_switch(const struct doctor *d)
{
	const struct settings *s = &d->ours.settings;

	if (!s->enabled)
		return row_fail(d, "remove enabled = no from section [wrapper] of " CONF,
				"the wrapper is disabled (enabled = no), so no rule applies");
	if (!s->hook.enabled)
		return row_fail(d, "remove enabled = no from section [hook] of " CONF,
				"the hook is disabled (enabled = no), so no device is assigned");
	return row_ok(d, "the wrapper and the hook are enabled");
}

struct row doctor_kvmshim_root(const struct doctor *d)
{
	const struct libvirt *l = &d->libvirt;

	if (!l->daemon.pid)
		return row_ok(d, "the libvirt daemon is not running");
	if (l->environment_unseen)
		return row_unseen(d, "the environment of the libvirt daemon");
	if (l->kvmshim_root)
		return row_fail(
			d,
			arena_printf(d->host.arena,
				     "add [Service] UnsetEnvironment=KVMSHIM_ROOT in a drop-in "
				     "(systemctl edit %s), and restart the unit",
				     shellword(d->host.arena, doctor_daemon_unit(d))),
			"%s has KVMSHIM_ROOT=%s in its environment, so the hook does not see the real devices",
			doctor_daemon_unit(d), l->kvmshim_root);
	return row_ok(d, "the environment of the libvirt daemon has no KVMSHIM_ROOT");
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static size_t enabled_rules(const struct doctor *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->ours.rules.n; i++)
		n += d->ours.rules.v[i].enabled;
	return n;
}

/* The first mistake, or else the first warning. */
static const struct mistake *worst(const struct mistakes *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].warning)
			return &m->v[i];
	return m->n ? &m->v[0] : NULL;
}

struct row doctor_rules(const struct doctor *d)
{
	const struct mistakes *m = &d->ours.mistakes;
	const struct mistake *first = worst(m);
	const char *text = first ? mistake_text(d->host.arena, first) : "",
		   *more = m->n > 1 ? arena_printf(d->host.arena, " (and %zu more)", m->n - 1) : "";
	size_t n = enabled_rules(d);

	if (m->errors)
		return row_fail(d, "kvmshim check", "%s%s: no VM starts%s", text, more,
				d->ours.settings.pass_on_error ? " with rules" : "");
	if (first)
		return row_warn(d, "kvmshim check", "%s%s", text, more);
	if (!n)
		return row_ok(d, "no rule is enabled in " CONFDIR_ETC "/rules.d");
	return row_ok(d, "%zu rule%s enabled, no mistake", n, plural(n));
}

/* ---- assigned devices ---- */

static const char *title(const struct doctor *d, const struct assigned *h)
{
	return assigned_title(d->ctl, h->uuid, h->problem ? NULL : &h->journal);
}

static const char *unreadable(const struct doctor *d, const struct assigned *h)
{
	struct salvage s;

	journal_salvage(&d->host, h->uuid, h->problem, &s);
	return salvage_text(d->host.arena, &s);
}

struct row doctor_journals(const struct doctor *d)
{
	struct row_texts left = { 0 }, strange = { 0 };

	if (d->assigned_unseen)
		return row_unseen(d, "/run/kvmshim/vm");
	for (size_t i = 0; i < d->assigned.n; i++) {
		const struct assigned *h = &d->assigned.v[i];

		if (h->problem)
			row_add(d, &strange, "%s", unreadable(d, h));
		else if (h->life == LIFE_NONE)
			row_add(d, &left, "%s", title(d, h));
	}
	if (strange.n)
		return row_fail(
			d,
			"return its devices by hand (kvmshim-hook(8), REFUSALS), and remove the journal",
			"%s", row_list(d, &strange));
	if (left.n)
		return row_fail(d, "kvmshim recover",
				"devices were not returned: %s",
				row_list(d, &left));
	return row_ok(d, "%zu journal%s in use, none left over", d->assigned.n,
		      plural(d->assigned.n));
}

struct row doctor_stuck(const struct doctor *d)
{
	struct row_texts hang = { 0 }, free = { 0 };

	if (d->assigned_unseen)
		return row_unseen(d, "/run/kvmshim/vm");
	for (size_t i = 0; i < d->assigned.n; i++)
		for (size_t k = 0; k < d->assigned.v[i].journal.n_stuck; k++) {
			const struct stuck *w = &d->assigned.v[i].journal.stuck[k];

			row_add(d, assigned_is_stuck(d->ctl, w) ? &hang : &free, "%s (%s)",
				stuck_subject(w), op_names[w->op]);
		}
	if (hang.n)
		return row_fail(
			d, "stop the program that uses the device; if that does not help, reboot",
			"stuck in the kernel: %s", row_list(d, &hang));
	if (free.n)
		return row_warn(d, "kvmshim recover", "no longer stuck: %s", row_list(d, &free));
	return row_ok(d, "no device is stuck in the kernel");
}
