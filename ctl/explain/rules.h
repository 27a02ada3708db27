/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct explained;
struct outcome;

/* The reason why a rule changed nothing; NULL if it changed something. */
const char *explain_why(const struct ctl *ctl, const struct explained *x, const struct outcome *o);

/* Prints the part of the text that lists the rules. */
void explain_rules(const struct ctl *ctl, const struct explained *x);
