/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "conf/expand.h"
#include "conf/rules.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/optval.h"
#include "wrapper/trace.h"
#include "wrapper/verb/assign.h"

/*
 * The editor that the verbs of edit.c work with: each function that changes the command line
 * reports the change to the trace in the same call.
 */
struct edit {
	struct arena *arena;
	struct cmdline *c;
	const struct names *names;
	const struct rule *rule;
	const struct action *action;
	const struct qemuopt *opt; /* canonical */
	struct target target;	   /* with %n and the like replaced */
	struct trace *trace;
};

void editor_change(struct edit *e, struct arg *arg, const char *value);
struct arg *editor_add(struct edit *e, const struct qemuopt *opt, const char *value);
void editor_drop(struct edit *e, struct arg *arg);
void editor_tell_note(struct edit *e, const char *note);
void editor_tell_nothing(struct edit *e, const char *why);
void editor_tell_none_selected(struct edit *e);

/* The value with %n and the like replaced. */
int editor_value(struct edit *e, const struct assign *as, const char **value, struct err *err);

/* set or default (as the action says) on one argument. */
int editor_assign(struct edit *e, struct arg *arg, const struct assign *as, struct err *err);
int editor_assign_all(struct edit *e, struct arg *arg, const struct assigns *as, struct err *err);

/* A -set GROUP.ID.KEY=… behind the argument says the same property again: out with it. key NULL: any. */
void editor_drop_sets(struct edit *e, struct arg *arg, const char *key);

/* How expand() makes a value safe in each syntax. */
const char *quote_json(struct arena *a, const char *value);
const char *quote_no_comma(struct arena *a, const char *value);
