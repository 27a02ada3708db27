/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct cmdline;
struct facts;
struct mistakes;
struct names;
struct rule;
struct rule_set;
struct trace;

/*
 * Applies the rules, in order, to the command line. Conditions are tested on the original
 * command line (facts), selectors on the command line that earlier rules have produced. Pure:
 * it writes only to its arguments; the wrapper and `kvmshim explain` both call it. Each verb
 * that fails is reported in m; then the command line must not be used. false: a rule refuses
 * incoming VMs, and this VM is incoming; m has it too.
 */
bool rewrite(struct cmdline *c, const struct rule_set *rules, const struct facts *facts,
	     const struct names *names, struct trace *trace, struct mistakes *m);

/*
 * Does one of the rule's verbs speak of an option that the guest can see the
 * effect of? Then both ends of a migration, a save or a snapshot must agree on it.
 */
bool rewrite_guest_visible(const struct cmdline *c, const struct rule *rule);
