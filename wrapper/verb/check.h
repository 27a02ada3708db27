/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct action;
struct arena;
struct err;
struct mistakes;
struct qemuopts;
struct rule;

/* Is the action well-formed, whatever the command line? For reading rule files. */
int edit_check(struct arena *a, const struct qemuopts *opts, const struct action *action,
	       struct err *err);

/* Reports what a rule with a low verb should not do. */
void edit_check_rule(const struct rule *rule, struct mistakes *m);
