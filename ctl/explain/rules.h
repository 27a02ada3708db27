/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct explained;
struct outcome;

/* What became of a rule, where it changed nothing; NULL where it did. */
const char *explain_why(const struct ctl *ctl, const struct explained *x, const struct outcome *o);

/* Prints the part of the text that lists the rules. */
void explain_rules(const struct ctl *ctl, const struct explained *x);
