/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/trace.h"

#include "arena.h"
#include "conf/rules.h"
#include "str.h"

static const char *fact_text(struct arena *a, const struct facts *f, enum fact fact)
{
	const struct fact_values *values = &f->of[fact];
	struct strbuf b = { .arena = a };

	if (fact == FACT_OPTION)
		return "";
	if (values->n == 0)
		return " (the VM has none)";
	for (size_t i = 0; i < values->n; i++)
		strbuf_addf(&b, "%s%s", i ? ", " : " (value: ", str_printable(a, values->v[i]));
	strbuf_addc(&b, ')');
	return strbuf_text(&b);
}

const char *outcome_text(struct arena *a, const struct outcome *o, const struct facts *f)
{
	switch (o->kind) {
	case OUTCOME_FAILS:
		return arena_printf(a, "%s is false%s", condition_text(a, o->why),
				    fact_text(a, f, o->why->fact));
	case OUTCOME_UNKNOWN:
		return arena_printf(a, "%s is unknown, so the rule does not apply",
				    condition_text(a, o->why));
	case OUTCOME_DISABLED:
		return "enabled = no";
	case OUTCOME_LATER:
		return "an earlier rule with last = yes applied";
	case OUTCOME_INCOMING:
		return "on-incoming = skip, and this VM comes from a migration, restore or snapshot";
	case OUTCOME_APPLIED:
		break;
	}
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/' && path[1])
			base = path + 1;
	return base;
}

static void add_event(struct strbuf *b, const struct event *e)
{
	const char *arg = e->option;
	const char *before = e->before ? str_printable(b->arena, e->before) : "";
	const char *after = e->after ? str_printable(b->arena, e->after) : "";

	strbuf_addf(b, "\n%s:%u [%s] %s%s%s: ", base_name(e->rule->file), e->action->line,
		    e->rule->section, verb_names[e->action->verb], arg ? " -" : "", arg ? arg : "");
	switch (e->kind) {
	case EVENT_CHANGED:
		strbuf_addf(b, "%s -> %s", before, after);
		break;
	case EVENT_ADDED:
		strbuf_addf(b, "added %s", after);
		break;
	case EVENT_REMOVED:
		strbuf_addf(b, "removed %s", before);
		break;
	case EVENT_NOTHING:
	case EVENT_NOTE:
		strbuf_add(b, e->why);
		break;
	}
}

static bool worth_logging(const struct outcome *o)
{
	return o->kind == OUTCOME_UNKNOWN || o->kind == OUTCOME_INCOMING;
}

const char *trace_text(const struct trace *t, const char *vm, const struct facts *f)
{
	struct strbuf b = { .arena = t->arena };
	const char *name = vm ? str_printable(t->arena, vm) : "(no name)";

	for (size_t i = 0; i < t->n_events; i++)
		add_event(&b, &t->events[i]);
	for (size_t i = 0; i < t->n_outcomes; i++) {
		const struct outcome *o = &t->outcomes[i];

		if (worth_logging(o))
			strbuf_addf(&b, "\n%s:%u [%s] skipped: %s", base_name(o->rule->file),
				    o->rule->line, o->rule->section, outcome_text(t->arena, o, f));
	}
	return b.len ? arena_printf(t->arena, "%s:%s", name, b.text) : NULL;
}
