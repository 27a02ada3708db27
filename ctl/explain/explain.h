/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "str.h"
#include "wrapper/decide.h"

struct ctl;
struct err;
struct json_object;

/* Where a command line came from, and, of a running VM, what its QEMU really got. */
struct explained {
	const char *title;	 /* a domain's name, a log's path; NULL */
	struct strv before;	 /* as libvirt or the caller wrote it */
	struct strv running;	 /* /proc/PID/cmdline; n is 0 where there is none */
	bool domain;		 /* of libvirt's, whose process was looked for */
	const char *problem;	 /* why there is no command line to explain; NULL */
	struct decision d;	 /* on `before`; empty where there is a problem */
	const char *unfit;	 /* what is wrong with d.real, such as "not there"; NULL */
	bool itself;		 /* it is the wrapper, which runs nothing then */
	bool running_as_decided; /* running is what the rules make of before, today */
};

/* The words as an argv, with a NULL behind them that does not count. */
char *const *explain_argv(struct arena *a, struct strv *words);

/* The sources. Each fills title, before and maybe running; 0 or -errno. */
int explain_from_log(struct ctl *ctl, const char *path, struct explained *x, struct err *err);
int explain_from_domain(struct ctl *ctl, const char *name, struct explained *x, struct err *err);
int explain_domain_names(struct ctl *ctl, struct strv *names, struct err *err);
int explain_from_native(struct ctl *ctl, const char *name, struct explained *x, struct err *err);

/*
 * Fills x->running where libvirt runs the domain. A pid file may outlive its
 * process: only one with the UUID or name of x->before (without one: the name
 * alone) is believed.
 */
void explain_find_running(struct ctl *ctl, const char *name, struct explained *x);

/* Is nothing started? For mistakes, or as what would be started is the wrapper. */
bool explain_refused(const struct explained *x);

/* What became of a rule, where it changed nothing; NULL where it did. */
const char *explain_why(const struct ctl *ctl, const struct explained *x, const struct outcome *o);

/* The two shapes it is shown in. */
void explain_text(const struct ctl *ctl, struct explained *x);
struct json_object *explain_json(const struct ctl *ctl, const struct explained *x);

/* The part of the text that lists the rules. */
void explain_rules(const struct ctl *ctl, const struct explained *x);

/* A word of a command line, fit for a terminal, with quotes where it would not be seen whole. */
const char *explain_word(struct arena *a, const char *word);

/* explain_word() of two values of one option, what differs between them bold. */
void explain_embolden(struct arena *a, const char **before, const char **after);

/* One step of turning an old list of arguments into a new one. */
struct diff_step {
	const struct arg *old, *new; /* one may be NULL */
};

/* The fewest steps from one command line to another, in order, equal arguments among them. */
struct diff_step *explain_diff(struct arena *a, const struct cmdline *old, const struct cmdline *new,
			  size_t *n);
