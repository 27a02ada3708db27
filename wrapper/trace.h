/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/condition.h"

struct action;
struct arena;
struct rule;

/* The result for one argument, or for a verb without effect, and the rule that caused it. */
enum event_kind { EVENT_CHANGED, EVENT_ADDED, EVENT_REMOVED, EVENT_NOTHING, EVENT_NOTE };

/* Is it about an argument, or only a report? */
static inline bool event_has_arg(enum event_kind kind)
{
	return kind < EVENT_NOTHING;
}

struct event {
	enum event_kind kind;
	const struct rule *rule;
	const struct action *action;
	size_t arg;			/* index into the command line; see event_has_arg() */
	const char *option;		/* without dashes; NULL: none in particular */
	const char *before, *after;	/* values; NULL: none */
	const char *why;		/* of EVENT_NOTHING and EVENT_NOTE */
};

/* The result of a rule. */
enum outcome_kind {
	OUTCOME_APPLIED,
	OUTCOME_FAILS,	  /* a condition is false */
	OUTCOME_UNKNOWN,  /* a condition needs an unknown fact */
	OUTCOME_DISABLED, /* enabled = no */
	OUTCOME_LATER,	  /* an earlier rule said last = yes */
	OUTCOME_INCOMING, /* on-incoming = skip */
};

struct outcome {
	enum outcome_kind kind;
	const struct rule *rule;
	const struct condition *why; /* of FAILS and UNKNOWN */
};

struct trace {
	struct arena *arena;
	struct event *events;
	size_t n_events, events_cap;
	struct outcome *outcomes;
	size_t n_outcomes, outcomes_cap;
};

/* The sentence for a rule that did not apply; NULL for a rule that did. */
const char *outcome_text(struct arena *a, const struct outcome *o, const struct facts *f);

/*
 * The trace as it is logged, a line for each event and each rule skipped because of an unknown
 * fact or on-incoming; NULL if it has nothing to report.
 */
const char *trace_text(const struct trace *t, const char *vm, const struct facts *f);
