/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Would one domain start now? The checks of the hook and of the wrapper themselves. */
#include <errno.h>
#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "ctl/explain/explained.h"
#include "ctl/explain/native.h"
#include "ctl/explain/source.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/request.h"
#include "hooks/survey/lent.h"
#include "host/process/vmprocess.h"
#include "shellword.h"

static const struct defined *it(const struct doctor *d)
{
	return &d->domains[0];
}

static struct process running(const struct doctor *d)
{
	const char *uuid = it(d)->xml.uuid;

	return uuid ? process_of_domain(&d->host, it(d)->name, uuid, doctor_user_of(d, uuid)) :
		      (struct process){ 0 };
}

struct row doctor_definition(const struct doctor *d)
{
	const struct defined *one = it(d);
	struct process qemu = running(d);

	if (one->problem)
		return row_fail(d, arena_printf(d->host.arena, "virsh edit %s",
					     shellword(d->host.arena, one->name)),
				"%s: %s", one->path ? one->path : one->name, one->problem);
	if (qemu.pid)
		return row_ok(d, "%s, %s; the VM is already running (pid %ld)", one->name,
			      one->xml.uuid, (long)qemu.pid);
	return row_ok(d, "%s, %s", one->name, one->xml.uuid);
}

/* ---- the hook ---- */

static const char *changes(const struct doctor *d, const struct journal *j)
{
	struct row_texts t = { 0 };

	for (size_t i = 0; i < j->n_devices; i++) {
		const struct journal_device *v = &j->devices[i];

		row_add(d, &t, "%s (%s): %s -> %s", v->device, role_names[v->role],
			v->driver ? v->driver : "no driver", v->target ? v->target : "unchanged");
	}
	return row_list(d, &t);
}

static const char *joined(const struct doctor *d, const struct strv *notes)
{
	struct strbuf b = { .arena = d->host.arena };

	for (size_t i = 0; i < notes->n; i++)
		strbuf_addf(&b, "%s%s", i ? "; " : "", notes->v[i]);
	return strbuf_text(&b);
}

static int plan(const struct doctor *d, const struct grants *g, struct journal *j,
		struct strv *notes, struct err *err)
{
	const struct domain *xml = &it(d)->xml;
	struct assignment over = {
		.host = d->host,
		.settings = &d->ours.settings,
		.kind = JOURNAL_VM,
		.uuid = xml->uuid,
		.name = xml->name,
		.daemon = d->libvirt.daemon,
		.memory = &xml->memory,
		.facts = &xml->facts,
		.grants = g,
	};
	int rc = request_wishes(&over, xml, g, err);

	if (!rc)
		rc = lent_check(&d->host, &d->ours.settings, xml, err);
	rc = rc ? rc : assignment_plan(&over, j, err);
	*notes = over.notes;
	return rc;
}

struct row doctor_assign(const struct doctor *d)
{
	struct err err = { 0 };
	struct journal j = { 0 };
	struct strv notes = { 0 };
	struct mistakes m;
	struct grants g;

	if (it(d)->problem)
		return row_fail(d, NULL, "unknown, because the domain XML cannot be read");
	if (running(d).pid)
		return row_ok(d, "the VM is already running; see kvmshim status %s",
			      shellword(d->host.arena, it(d)->name));
	if (!d->ours.settings.hook.enabled)
		return row_fail(d, NULL, "the hook is disabled; see kill-switch");
	doctor_grants(d, it(d), &g, &m);
	if (m.errors)
		return row_fail(d, "kvmshim check", "%s", mistake_text(d->host.arena, &m.v[0]));
	if (plan(d, &g, &j, &notes, &err) < 0)
		return row_fail(d, "see REFUSALS in kvmshim-hook(8)",
				"the hook would refuse the start: %s", err.text);
	if (!j.n_devices)
		return row_ok(d, "the domain requests no host device%s",
			      it(d)->xml.memory.n ? ", and enough memory is available" : "");
	if (notes.n)
		return row_warn(d, "see HOLDERS in kvmshim-hook(8)", "the hook would assign %s; %s",
				changes(d, &j), joined(d, &notes));
	return row_ok(d, "the hook would assign %s", changes(d, &j));
}

/* ---- the wrapper ---- */

/* The command line that libvirt would start, or else the command line of the last start. */
static int command_line(const struct doctor *d, struct explained *x, const char **from,
			struct err *err)
{
	struct err first = { 0 };
	int rc = explain_from_native(d->ctl, it(d)->name, x, &first);

	*from = "virsh domxml-to-native";
	if (!rc)
		return 0;
	*x = (struct explained){ 0 };
	*from = "the log of its last start";
	if (rc == -ETIMEDOUT)
		*from = arena_printf(d->host.arena, "%s: %s", *from, first.text);
	rc = explain_from_domain(d->ctl, it(d)->name, x, err);
	if (rc || x->problem)
		return err_set(err, first.code ? first.code : 1, "%s", first.text);
	return 0;
}

static const char *applied(const struct doctor *d, const struct decision *decision)
{
	struct row_texts t = { 0 };

	for (size_t i = 0; i < decision->trace.n_outcomes; i++)
		if (decision->trace.outcomes[i].kind == OUTCOME_APPLIED)
			row_add(d, &t, "%s", decision->trace.outcomes[i].rule->section);
	return t.n ? row_list(d, &t) : "none";
}

static struct row judge_decision(const struct doctor *d, struct decision *decision,
				 const char *from)
{
	mistakes_sort(&decision->mistakes);
	switch (decision->kind) {
	case DECIDE_REFUSE:
		return row_fail(
			d, arena_printf(d->host.arena, "kvmshim explain --all %s",
					shellword(d->host.arena, it(d)->name)),
			"the wrapper would refuse the start: %s",
			mistake_text(d->host.arena, &decision->mistakes.v[0]));
	case DECIDE_PASS:
		return row_warn(d, "kvmshim check",
				"the wrapper would start the VM without rules: %s",
				mistake_text(d->host.arena, &decision->mistakes.v[0]));
	case DECIDE_OFF:
		return row_warn(d, NULL, "the wrapper is disabled; see kill-switch");
	default:
		return row_ok(d, "rules that would apply: %s (from %s)", applied(d, decision),
			      from);
	}
}

struct row doctor_command_line(const struct doctor *d)
{
	const struct emulator *e = doctor_emulator_of(d, it(d));
	struct explained x = { 0 };
	struct decision decision;
	struct err err = { 0 };
	struct facts ahead;
	struct mistakes m;
	const char *from;

	if (it(d)->problem)
		return row_fail(d, NULL, "unknown, because the domain XML cannot be read");
	if (command_line(d, &x, &from, &err) < 0)
		return (struct row){ GRADE_UNSEEN,
				     arena_printf(d->host.arena, "the command line is unknown: %s",
						  err.text),
				     d->libvirt.daemon.pid ? NULL : "start the libvirt daemon" };
	ahead = it(d)->xml.facts;
	request_hostdevs(&d->host, &it(d)->xml, &ahead.hostdevs);
	doctor_grants(d, it(d), &ahead.grants, &m);
	decide_ahead(&d->host, e ? e->path : x.before.v[0], explain_argv(d->host.arena, &x.before),
		     &ahead, &decision);
	return judge_decision(d, &decision, from);
}
