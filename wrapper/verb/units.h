/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct action;
struct arena;
struct edit;
struct err;

/* The verbs that verb_is_units() names. */
int units_check(struct arena *a, const struct action *action, struct err *err);
int units_apply(struct edit *e, struct err *err);
