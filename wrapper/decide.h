/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "conf/condition.h"
#include "conf/expand.h"
#include "conf/rules.h"
#include "conf/settings.h"
#include "mistake.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/trace.h"

struct host;

/* The verdict: how the wrapper starts QEMU with a command line, and why. */
enum verdict_kind {
	DECIDE_OFF,	/* the kill switch: enabled = no */
	DECIDE_PROBE,	/* a question to the emulator, no rule file opened */
	DECIDE_REWRITE, /* the rules were applied; maybe none did anything */
	DECIDE_REFUSE,	/* mistakes, or on-incoming refuses an incoming VM */
	DECIDE_PASS,	/* mistakes, and on-error = pass */
};

struct decision {
	enum verdict_kind kind;
	struct settings settings;
	const char *real;	/* the real emulator; NULL if it is unknown */
	struct cmdline cmdline; /* rewritten, where kind is DECIDE_REWRITE */
	struct rule_set rules;
	struct facts facts;
	struct names names;
	struct trace trace;
	struct mistakes mistakes;
};

/*
 * The wrapper's whole judgement on argv, without acting on it. The descriptors in argv are
 * those of this process. self is the wrapper's own path (/proc/self/exe), or
 * NULL. *d is filled whatever happens.
 */
void decide(const struct host *host, const char *self, char *const *argv, struct decision *d);

/*
 * The same of another process's argv, or of one that is yet to be: its descriptors mean
 * nothing here. hook: what the hook would write to facts.json; NULL: what it has written.
 */
void decide_ahead(const struct host *host, const char *self, char *const *argv,
		  const struct facts *hook, struct decision *d);

/* Reads all rule files and checks them: what is wrong goes to d->mistakes. */
void decide_read_rules(const struct host *host, struct decision *d);

/* Holds the verbs of d->rules against QEMU's options and their syntax. */
void decide_check_rules(struct arena *a, struct decision *d);

/* The words that QEMU gets. */
const char **decide_argv(const struct decision *d, char *const *argv);
