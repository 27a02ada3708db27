/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/condition.h"

struct action;
struct arena;
struct rule;

/* What became of one argument, or of a wish that came to nothing, and whose doing it was. */
enum event_kind { EVENT_CHANGED, EVENT_ADDED, EVENT_REMOVED, EVENT_NOTHING, EVENT_NOTE };

/* Is it about an argument, or only something to be told? */
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

/* What became of a rule. */
enum outcome_kind {
	OUTCOME_APPLIED,
	OUTCOME_FAILS,	  /* a condition does not hold */
	OUTCOME_UNKNOWN,  /* a condition asks for what is not known */
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

/* One sentence for a rule that did not apply; NULL for one that did. */
const char *outcome_text(struct arena *a, const struct outcome *o, const struct facts *f);

/*
 * The trace as it is logged, a line for each event and each rule skipped for
 * want of a fact or on-incoming; NULL where there is nothing to tell.
 */
const char *trace_text(const struct trace *t, const char *vm, const struct facts *f);
