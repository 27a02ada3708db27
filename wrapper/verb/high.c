/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/high.h"

#include "arena.h"
#include "conf/rules.h"
#include "err.h"
#include "mistake.h"
#include "str.h"
#include "wrapper/verb/chipset.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/highverbs.h"
#include "wrapper/verb/units.h"

static const struct high *const highs[VERB_COUNT] = {
	[VERB_HIDE_HYPERVISOR] = &high_hide_hypervisor,
	[VERB_MACHINE_TYPE] = &high_machine_type,
	[VERB_FOLD_SET] = &high_fold_set,
	[VERB_SHARE_9P] = &high_share_9p,
	[VERB_PASS_PCI] = &high_pass_pci,
	[VERB_PASS_MDEV] = &high_pass_mdev,
	[VERB_PASS_USB] = &high_pass_usb,
	[VERB_PASS_DISK] = &high_pass_disk,
};

static int parse(struct arena *a, const struct action *action, const struct names *names,
		 struct params *p, struct err *err)
{
	const struct high *high = highs[action->verb];
	int rc = params_parse(a, action, &high->form, names, p, err);

	return rc || !high->check ? rc : high->check(a, p, err);
}

int high_apply(struct edit *e, struct err *err)
{
	struct params p;
	int rc;

	if (verb_is_units(e->action->verb))
		return units_apply(e, err);
	rc = parse(e->arena, e->action, e->names, &p, err);

	return rc ? rc : highs[e->action->verb]->apply(e, &p, err);
}

int high_check(struct arena *a, const struct action *action, struct err *err)
{
	struct params p;

	return verb_is_units(action->verb) ? units_check(a, action, err) :
					     parse(a, action, NULL, &p, err);
}

/* ---- what a rule may not combine ---- */

/* The display name is what the tenant likes it to be: no condition of it keeps a tenant out. */
static void warn_of_tenant(const struct rule *rule, const struct action *action,
			   struct mistakes *m)
{
	bool instance = false;

	for (size_t i = 0; i < rule->n_conditions; i++) {
		const struct condition *c = &rule->conditions[i];

		if (c->fact == FACT_INSTANCE)
			instance = true;
		else if (condition_restricts(c))
			return;
	}
	if (instance)
		mistake_warn(m, rule->file, action->line,
			     "%s depends on when-instance only, and tenants choose that name; add "
			     "another condition",
			     verb_names[action->verb]);
}

static const struct condition *find_condition(const struct rule *rule, enum fact fact)
{
	for (size_t i = 0; i < rule->n_conditions; i++)
		if (rule->conditions[i].fact == fact)
			return &rule->conditions[i];
	return NULL;
}

/* Another chipset has other buses and other device names: the line would not start. */
static void check_chipsets(const struct rule *rule, const struct action *action,
			   struct mistakes *m)
{
	const struct condition *old = find_condition(rule, FACT_MACHINE);
	const char *new = action->words.n ? action->words.v[0] : NULL;

	if (!old)
		mistake_warn(m, rule->file, action->line,
			     "machine-type without when-machine: every VM that matches the rule "
			     "gets this machine type");
	for (size_t i = 0; new && old && i < old->n; i++) {
		enum chipset from = chipset_of(old->patterns[i].glob), to = chipset_of(new);

		if (!old->patterns[i].negated && from && to && from != to)
			mistake_add(m, rule->file, action->line,
				    "%s to %s changes the chipset, but devices on the command line "
				    "use buses that the new chipset does not have; change <type "
				    "machine=…> in the domain XML instead",
				    old->patterns[i].glob, new);
	}
}

void high_check_rule(const struct rule *rule, struct mistakes *m)
{
	for (size_t i = 0; i < rule->n_actions; i++) {
		const struct action *action = &rule->actions[i];

		if (action->verb >= VERB_SHARE_9P)
			warn_of_tenant(rule, action, m);
		if (action->verb == VERB_MACHINE_TYPE)
			check_chipsets(rule, action, m);
	}
}
