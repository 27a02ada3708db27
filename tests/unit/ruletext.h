/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Rules for tests, from the text of a rule file; what they did, as a text. */
#include "conf/rules.h"
#include "err.h"
#include "file.h"
#include "line.h"
#include "mistake.h"
#include "conf/expand.h"
#include "wrapper/verb/check.h"
#include "wrapper/verb/edit.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/high.h"
#include "wrapper/trace.h"

#define RULED_UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"

static const struct names ruled_names = { "web", RULED_UUID, "node7" };

static inline void ruled_read(const char *text, struct rule_set *set)
{
	struct file file = { .path = "/etc/kvmshim/rules.d/f.ini", .text = text,
			     .len = strlen(text) };
	struct mistakes m = { .arena = &arena };

	rules_read(&arena, &file, set, &m);
	if (m.n)
		fail_msg("%s", mistake_text(&arena, &m.v[0]));
}

/* The first verb of a rule, on a line, as rewrite() applies it. */
static inline int ruled_edit(struct cmdline *c, const struct names *names,
			     const struct rule *rule, struct trace *trace, struct err *err)
{
	struct edit e = {
		.arena = c->arena,
		.c = c,
		.names = names,
		.rule = rule,
		.action = &rule->actions[0],
		.trace = trace,
	};

	return verb_is_high(e.action->verb) ? high_apply(&e, err) : edit_apply(&e, err);
}

/* The only verb of a rule, on a line. */
static inline int ruled_apply(const char *verb, struct cmdline *c, const struct names *names,
			      struct trace *trace, struct err *err)
{
	struct rule_set set = { 0 };

	ruled_read(arena_printf(&arena, "[a]\nwhen = always\n%s\n", verb), &set);
	*trace = (struct trace){ .arena = &arena };
	assert_int_equal(edit_check(&arena, &c->opts, &set.v[0].actions[0], err), 0);
	return ruled_edit(c, names, &set.v[0], trace, err);
}

/* "changed a -> b; added c; removed d; nothing: why" */
static inline const char *ruled_events(const struct trace *t)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < t->n_events; i++) {
		const struct event *e = &t->events[i];

		strbuf_add(&b, i ? "; " : "");
		if (e->kind == EVENT_CHANGED)
			strbuf_addf(&b, "changed %s -> %s", e->before, e->after);
		else if (e->kind == EVENT_ADDED)
			strbuf_addf(&b, "added %s", e->after ? e->after : "-");
		else if (e->kind == EVENT_REMOVED)
			strbuf_addf(&b, "removed %s", e->before ? e->before : "-");
		else
			strbuf_addf(&b, "nothing: %s", e->why);
	}
	return strbuf_text(&b);
}
