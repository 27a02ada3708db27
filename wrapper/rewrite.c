/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/rewrite.h"

#include "arena.h"
#include "conf/expand.h"
#include "conf/grants.h"
#include "conf/rules.h"
#include "err.h"
#include "mistake.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/view.h"
#include "wrapper/trace.h"
#include "wrapper/verb/edit.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/high.h"

bool rewrite_guest_visible(const struct cmdline *c, const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_actions; i++) {
		const struct action *action = &rule->actions[i];
		const struct qemuopt *opt;

		if (verb_is_units(action->verb))
			continue;
		if (verb_is_high(action->verb))
			return true;
		opt = qemuopt_find(&c->opts, action->target.option);
		if (!(qemuopt_canonical(opt)->flags & OPT_HOST_ONLY))
			return true;
	}
	return false;
}

/* An incoming VM, which another QEMU ran before: migration, restore, a snapshot. */
static bool comes_in(const struct cmdline *c)
{
	return view_last(c, qemuopt_find(&c->opts, "incoming")) >= 0 ||
	       view_last(c, qemuopt_find(&c->opts, "loadvm")) >= 0;
}

static enum outcome_kind judge(const struct cmdline *c, const struct rule *rule,
			       const struct facts *facts, const struct condition **why)
{
	static const enum outcome_kind of[] = {
		[COND_FAILS] = OUTCOME_FAILS,
		[COND_HOLDS] = OUTCOME_APPLIED,
		[COND_UNKNOWN] = OUTCOME_UNKNOWN,
	};
	enum outcome_kind kind;

	if (!rule->enabled)
		return OUTCOME_DISABLED;
	kind = of[rule_matches(rule, facts, why)];
	if (kind == OUTCOME_APPLIED && rule->on_incoming == INCOMING_SKIP && comes_in(c) &&
	    rewrite_guest_visible(c, rule))
		return OUTCOME_INCOMING;
	return kind;
}

/* false: the rule refuses this incoming VM. */
static bool lets_in(const struct cmdline *c, const struct rule *rule, struct mistakes *m)
{
	if (rule->on_incoming != INCOMING_REFUSE || !comes_in(c) || !rewrite_guest_visible(c, rule))
		return true;
	mistake_add(m, rule->file, rule->line,
		    "rule [%s] changes what the guest sees and has on-incoming = refuse, but this "
		    "VM comes from a migration, restore or snapshot; shut it down and start it "
		    "again instead",
		    rule->section);
	return false;
}

static int apply_action(struct edit *e, struct err *err)
{
	return verb_is_high(e->action->verb) ? high_apply(e, err) : edit_apply(e, err);
}

static void apply(struct cmdline *c, const struct rule *rule, const struct names *names,
		  struct trace *trace, struct mistakes *m)
{
	struct err err;

	for (size_t i = 0; i < rule->n_actions; i++) {
		const struct action *action = &rule->actions[i];
		struct edit e = {
			.arena = c->arena,
			.c = c,
			.names = names,
			.rule = rule,
			.action = action,
			.trace = trace,
		};

		if (apply_action(&e, &err) < 0)
			mistake_add(m, rule->file, action->line, "%s: %s",
				    verb_names[action->verb], err.text);
	}
}

/* Before anything is changed: conditions see the line as it came in. */
static void judge_all(const struct cmdline *c, const struct rule_set *rules,
		      const struct facts *facts, struct trace *trace)
{
	bool over = false;

	for (size_t i = 0; i < rules->n; i++) {
		struct outcome *o = arena_push(trace->arena, trace->outcomes, trace->n_outcomes,
					       trace->outcomes_cap);

		*o = (struct outcome){ .rule = &rules->v[i], .kind = OUTCOME_LATER };
		if (!over)
			o->kind = judge(c, o->rule, facts, &o->why);
		over |= o->kind == OUTCOME_APPLIED && o->rule->last;
	}
}

bool rewrite(struct cmdline *c, const struct rule_set *rules, const struct facts *facts,
	     const struct names *names, struct trace *trace, struct mistakes *m)
{
	bool let_in = true;

	judge_all(c, rules, facts, trace);
	for (size_t i = 0; i < trace->n_outcomes; i++) {
		const struct outcome *o = &trace->outcomes[i];

		if (o->kind == OUTCOME_INCOMING && names->grants)
			grants_leave(names->grants, o->rule);
		if (o->kind != OUTCOME_APPLIED)
			continue;
		if (lets_in(c, o->rule, m))
			apply(c, o->rule, names, trace, m);
		else
			let_in = false;
	}
	return let_in;
}
