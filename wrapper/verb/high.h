/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct action;
struct arena;
struct edit;
struct err;
struct mistakes;
struct rule;

/*
 * The high verbs: sugar that writes the right words for this command line.
 * high_apply() is edit_apply()'s other half; high_check() is edit_check()'s.
 */
int high_apply(struct edit *e, struct err *err);
int high_check(struct arena *a, const struct action *action, struct err *err);

/* Reports what a rule must not, or should not, combine with a high verb. */
void high_check_rule(const struct rule *rule, struct mistakes *m);
