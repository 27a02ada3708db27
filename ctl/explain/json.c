/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shape is documented in kvmshim(8); a change to it raises EXPLAIN_VERSION there. */
#include "ctl/explain/json.h"

#include "ctl/ctl.h"
#include "ctl/explain/explained.h"
#include "ctl/explain/rules.h"
#include "jsondoc.h"
#include "wrapper/rewrite.h"

static const char *const kinds[] = {
	[DECIDE_OFF] = "off",	    [DECIDE_PROBE] = "probe", [DECIDE_REWRITE] = "rewrite",
	[DECIDE_REFUSE] = "refuse", [DECIDE_PASS] = "pass",
};

static const char *const outcomes[] = {
	[OUTCOME_APPLIED] = "applied",	 [OUTCOME_FAILS] = "no-match",
	[OUTCOME_UNKNOWN] = "unknown",	 [OUTCOME_DISABLED] = "disabled",
	[OUTCOME_LATER] = "after-last",	 [OUTCOME_INCOMING] = "skipped-incoming",
};

static const char *const events[] = {
	[EVENT_CHANGED] = "changed",
	[EVENT_ADDED] = "added",
	[EVENT_REMOVED] = "removed",
	[EVENT_NOTHING] = "nothing",
	[EVENT_NOTE] = "note",
};

static void add_rule(struct arena *a, struct json_object *o, const struct rule *rule,
		     unsigned line)
{
	jsondoc_put(a, o, "file", rule->file);
	json_object_object_add(o, "line", json_object_new_int((int)line));
	jsondoc_put(a, o, "rule", rule->section);
}

static struct json_object *change_list(struct arena *a, const struct trace *t)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->n_events; i++) {
		const struct event *e = &t->events[i];
		struct json_object *o = json_object_new_object();

		add_rule(a, o, e->rule, e->action->line);
		jsondoc_put(a, o, "verb", verb_names[e->action->verb]);
		jsondoc_put(a, o, "option", e->option);
		jsondoc_put(a, o, "what", events[e->kind]);
		jsondoc_put(a, o, "before", e->before);
		jsondoc_put(a, o, "after", e->after);
		if (e->why)
			jsondoc_put(a, o, "why", e->why);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *rule_list(const struct ctl *ctl, const struct explained *x)
{
	struct arena *a = ctl->host.arena;
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < x->d.trace.n_outcomes; i++) {
		const struct outcome *outcome = &x->d.trace.outcomes[i];
		struct json_object *o = json_object_new_object();

		add_rule(a, o, outcome->rule, outcome->rule->line);
		jsondoc_put(a, o, "result", outcomes[outcome->kind]);
		jsondoc_put(a, o, "why", explain_why(ctl, x, outcome));
		json_object_object_add(o, "guest-visible",
				       json_object_new_boolean(rewrite_guest_visible(
					       &x->d.cmdline, outcome->rule)));
		json_object_array_add(list, o);
	}
	return list;
}

static void add_running(struct arena *a, struct json_object *o, const struct explained *x)
{
	bool runs = x->running.n > 0;

	json_object_object_add(o, "running", runs ? jsondoc_words(a, x->running.v) : NULL);
	if (!x->problem)
		json_object_object_add(o, "running-as-decided",
				       runs ? json_object_new_boolean(x->running_as_decided) :
					      NULL);
}

struct json_object *explain_json(const struct ctl *ctl, const struct explained *x)
{
	struct arena *a = ctl->host.arena;
	struct json_object *o = json_object_new_object();

	jsondoc_put(a, o, "title", x->title);
	if (x->problem) {
		jsondoc_put(a, o, "problem", x->problem);
		add_running(a, o, x);
		return o;
	}
	jsondoc_put(a, o, "verdict", kinds[explain_refused(x) ? DECIDE_REFUSE : x->d.kind]);
	jsondoc_put(a, o, "real", x->d.real);
	jsondoc_put(a, o, "real-problem", x->unfit);
	json_object_object_add(o, "before", jsondoc_words(a, x->before.v));
	json_object_object_add(
		o, "after",
		explain_refused(x) ?
			NULL :
			jsondoc_words(a, decide_argv(&x->d, (char *const *)(const void *)x->before.v)));
	add_running(a, o, x);
	if (x->d.kind == DECIDE_REWRITE) {
		json_object_object_add(o, "changes", change_list(a, &x->d.trace));
		json_object_object_add(o, "rules", rule_list(ctl, x));
	}
	json_object_object_add(o, "mistakes", jsondoc_mistakes(a, &x->d.mistakes));
	return o;
}
