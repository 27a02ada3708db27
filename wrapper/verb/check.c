/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/check.h"

#include <errno.h>

#include "arena.h"
#include "conf/expand.h"
#include "conf/rules.h"
#include "err.h"
#include "mistake.h"
#include "str.h"
#include "wrapper/line/optval.h"
#include "wrapper/verb/assign.h"
#include "wrapper/verb/high.h"

static int check_percents(const struct action *action, struct err *err)
{
	int rc = expand_check(action->rest, err);

	for (size_t i = 0; !rc && i < action->target.n; i++)
		rc = expand_check(action->target.keys[i].glob, err);
	return rc;
}

static int global_selector(struct err *err)
{
	return err_set(err, EINVAL,
		       "-global takes no selector here; DRIVER.PROPERTY selects the property");
}

static int check_assign(struct arena *a, const struct qemuopt *opt, const struct action *action,
			struct err *err)
{
	struct assigns as;
	int rc = assigns_parse(a, opt, action->rest, &as, err);

	if (!rc && opt->syntax == SYNTAX_GLOBAL && action->target.n)
		rc = global_selector(err);
	return rc;
}

static int check_unset(struct arena *a, const struct qemuopt *opt, const struct action *action,
		       struct err *err)
{
	struct assigns keys;

	if (opt->syntax == SYNTAX_GLOBAL && action->target.n)
		return global_selector(err);
	return assigns_parse_keys(a, opt, action->rest, &keys, err);
}

/* Both forms, as QEMU distinguishes them: qemu_global_option() of util/qemu-config.c or vl.c. */
static int check_global(const struct optval *v, struct err *err)
{
	if (optval_get(v, "driver") && optval_get(v, "property") && optval_get(v, "value"))
		return 0;
	return err_set(err, EINVAL, "must be -global DRIVER.PROPERTY=VALUE, one per line");
}

static int check_add(struct arena *a, const struct qemuopt *opt, const struct action *action,
		     struct err *err)
{
	struct optval v;
	int rc;

	if (action->target.n)
		return err_set(err, EINVAL,
			       "add takes no selector, because it changes no existing option");
	if (qemuopt_has_arg(opt) && *action->rest == '\0' && opt->syntax != SYNTAX_RAW)
		return err_set(err, EINVAL, "-%s takes a value; write the value after the option",
			       opt->name);
	if (!qemuopt_has_arg(opt) && *action->rest)
		return err_set(err, EINVAL, "-%s takes no value, but '%s' follows", opt->name,
			       action->rest);
	if (!qemuopt_has_arg(opt))
		return 0;
	rc = optval_parse(a, opt, action->rest, &v, err);
	return !rc && opt->syntax == SYNTAX_GLOBAL ? check_global(&v, err) : rc;
}

static int check_remove(struct arena *a, const struct qemuopt *opt, const struct action *action,
			struct err *err)
{
	(void)a;
	if (*action->rest)
		return err_set(err, EINVAL,
			       "'%s' after -%s is not allowed; remove takes only a selector",
			       action->rest, opt->name);
	return 0;
}

static int (*const checks[VERB_HIDE_HYPERVISOR])(struct arena *a, const struct qemuopt *opt,
				       const struct action *action, struct err *err) = {
	[VERB_SET] = check_assign,
	[VERB_DEFAULT] = check_assign,
	[VERB_UNSET] = check_unset,
	[VERB_ADD] = check_add,
	[VERB_REMOVE] = check_remove,
};

int edit_check(struct arena *a, const struct qemuopts *opts, const struct action *action,
	       struct err *err)
{
	const struct qemuopt *opt;
	int rc;

	if (verb_is_high(action->verb))
		return high_check(a, action, err);
	opt = qemuopt_find(opts, action->target.option);
	if (!opt)
		return err_set(err, EINVAL, "QEMU has no option -%s%s", action->target.option,
			       qemuopt_hint(a, action->target.option));
	opt = qemuopt_canonical(opt);
	if (action->target.n && opt->syntax == SYNTAX_NONE)
		return err_set(err, EINVAL, "-%s takes no value, so it takes no selector",
			       opt->name);
	rc = check_percents(action, err);
	return rc ? rc : checks[action->verb](a, opt, action, err);
}

/* A rule for command lines without -cpu says so. */
static bool is_without(const struct rule *rule, const char *option)
{
	for (size_t i = 0; i < rule->n_conditions; i++) {
		const struct condition *c = &rule->conditions[i];

		for (size_t j = 0; c->fact == FACT_OPTION && j < c->n; j++)
			if (c->patterns[j].negated && !c->patterns[j].target.n &&
			    str_eq(c->patterns[j].target.option, option))
				return true;
	}
	return false;
}

void edit_check_rule(const struct rule *rule, struct mistakes *m)
{
	for (size_t i = 0; i < rule->n_actions; i++) {
		const struct action *action = &rule->actions[i];

		if (action->verb == VERB_ADD && str_eq(action->target.option, "cpu") &&
		    !is_without(rule, "cpu"))
			mistake_warn(m, rule->file, action->line,
				     "add: QEMU uses only the last -cpu, so this -cpu replaces the "
				     "-cpu of the command line; to change it, write set = -cpu");
	}
}
