/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct action;
struct assigns;
struct arena;
struct cmdline;
struct edit;
struct err;
struct names;
struct qemuopts;
struct rule;
struct trace;

/*
 * One verb on one command line. Changes cmdline and tells trace what it did and
 * what came to nothing. 0, or -EINVAL where the rule asks for what cannot be
 * (a value its syntax cannot carry, an id that is taken, %n of a VM without a
 * name): then the command line is not to be used.
 */
int edit_apply(struct cmdline *c, const struct names *names, const struct rule *rule,
	       const struct action *action, struct trace *trace, struct err *err);

/* set, or default if the action says so, of these properties on e->opt. */
int edit_assign(struct edit *e, const struct assigns *as, struct err *err);

/* Is the action well-formed, whatever the command line? For reading rule files. */
int edit_check(struct arena *a, const struct qemuopts *opts, const struct action *action,
	       struct err *err);
