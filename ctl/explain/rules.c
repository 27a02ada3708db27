/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of each rule, and the reason. */
#include "ctl/explain/rules.h"

#include <stdio.h>
#include <unistd.h>

#include "arena.h"
#include "conf/factsfile.h"
#include "ctl/ctl.h"
#include "ctl/explain/explained.h"
#include "err.h"
#include "host/pci/pci.h"
#include "wrapper/line/view.h"
#include "wrapper/match.h"
#include "wrapper/rewrite.h"

/* ---- the fact that is missing if a condition is unknown ---- */

static const char *const missing[FACT_COUNT] = {
	[FACT_NAME] = "the command line has no VM name",
	[FACT_UUID] = "the command line has no UUID",
	[FACT_HOST] = "this host has no name",
	[FACT_MACHINE] = "the command line has no machine type",
	[FACT_CPU] = "the command line has no CPU model",
};

/* libvirt 12 passes devices by descriptors with IOMMUFD. */
static const char *which_descriptor(const struct ctl *ctl, const struct optval *v)
{
	const struct prop *id = optval_get(v, "id");

	return arena_printf(ctl->host.arena,
			    "the command line does not say which device of the host %s is, and "
			    "no facts.json of the VM does",
			    id ? str_printable(ctl->host.arena, id->value) : "a -device vfio-pci");
}

static const char *missing_device(const struct ctl *ctl, const struct cmdline *c)
{
	const struct optval *unknown = NULL;
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(c, &at));) {
		const char *device;
		enum passed kind = match_passed(&ctl->host, c, v, &device);

		if (kind == PASSED_PCI && !pci_id(&ctl->host, device))
			return arena_printf(ctl->host.arena, "%s does not exist in sysfs",
					    str_printable(ctl->host.arena, device));
		unknown = kind == PASSED_UNKNOWN && !unknown ? v : unknown;
	}
	return unknown ? which_descriptor(ctl, unknown) : NULL;
}

static const char *missing_of_nova(const struct ctl *ctl, const struct names *names)
{
	if (!names->uuid)
		return "the command line has no UUID, so the VM has no facts.json";
	if (access(factsfile_path(&ctl->host, names->uuid), F_OK) < 0)
		return "the VM has no facts.json";
	return "the facts.json of the VM does not have this value";
}

static const char *what_is_missing(const struct ctl *ctl, const struct explained *x, enum fact fact)
{
	switch (fact) {
	case FACT_PCI:
		return missing_device(ctl, &x->d.cmdline);
	case FACT_FLAVOR:
	case FACT_PROJECT:
	case FACT_USER:
	case FACT_INSTANCE:
		return missing_of_nova(ctl, &x->d.names);
	default:
		return missing[fact];
	}
}

/* ---- the list ---- */

static bool changed_something(const struct trace *t, const struct rule *rule)
{
	for (size_t i = 0; i < t->n_events; i++)
		if (t->events[i].rule == rule && event_has_arg(t->events[i].kind))
			return true;
	return false;
}

const char *explain_why(const struct ctl *ctl, const struct explained *x, const struct outcome *o)
{
	const char *text = outcome_text(ctl->host.arena, o, &x->d.facts);
	const char *lacks = NULL;

	if (o->kind == OUTCOME_APPLIED && !changed_something(&x->d.trace, o->rule))
		return "applies, but changes nothing";
	if (o->kind == OUTCOME_UNKNOWN)
		lacks = what_is_missing(ctl, x, o->why->fact);
	return lacks ? arena_printf(ctl->host.arena, "%s (%s)", text, lacks) : text;
}

static const char *applied(const struct explained *x, const struct rule *rule)
{
	if (rewrite_guest_visible(&x->d.cmdline, rule))
		return "applied (the guest sees the change: a VM that is saved or migrated needs "
		       "the rule at both ends)";
	return "applied";
}

/* The events that no line above shows: verbs that found nothing, and notes for the admin. */
static void remarks(const struct trace *t, const struct rule *rule)
{
	for (size_t i = 0; i < t->n_events; i++) {
		const struct event *e = &t->events[i];

		if (!event_has_arg(e->kind) && e->rule == rule)
			printf("      line %u, %s: %s\n", e->action->line,
			       verb_names[e->action->verb], e->why);
	}
}

void explain_rules(const struct ctl *ctl, const struct explained *x)
{
	const struct trace *t = &x->d.trace;

	if (t->n_outcomes == 0 || x->d.kind != DECIDE_REWRITE)
		return;
	printf("\nrules\n");
	for (size_t i = 0; i < t->n_outcomes; i++) {
		const struct rule *rule = t->outcomes[i].rule;
		const char *why = explain_why(ctl, x, &t->outcomes[i]);

		printf("  %s:%u [%s]: %s\n", rule->file, rule->line,
		       str_printable(ctl->host.arena, rule->section), why ? why : applied(x, rule));
		remarks(t, rule);
	}
}
