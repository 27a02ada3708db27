/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook's side of pass-pci and pass-mdev, and of the verbs of units. Which rules are looked at follows
 * judge_all() of wrapper/rewrite.c, what their words mean wrapper/verb/vfio.c.
 */
#include "conf/passthrough.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "conf/expand.h"
#include "conf/rules.h"
#include "conf/unitnames.h"
#include "device/pciaddr.h"
#include "err.h"
#include "mistake.h"
#include "str.h"

#define IOMMUFD_WORD "iommufd="

int passthrough_iommufd(const char *value, bool *iommufd, struct err *err)
{
	*iommufd = str_eq(value, "on");
	if (*iommufd || str_eq(value, "off"))
		return 0;
	return err_set(err, EINVAL, IOMMUFD_WORD "%s: must be on or off", value);
}

struct passes {
	struct arena *arena;
	const struct facts *facts;
	const struct names *names;
	const struct passthrough_host *host;
	struct grants *grants;
	struct mistakes *mistakes;
	const struct rule *doubtful; /* with last = yes, of which only the wrapper knows if it applies */
};

/*
 * The result that the wrapper will have. COND_UNKNOWN: only the wrapper knows it. If the
 * hook does not know a fact that it shares with the wrapper, the wrapper will not know it
 * either, because the wrapper has it from the hook.
 */
static enum verdict judge(const struct passes *p, const struct rule *rule)
{
	enum verdict verdict = COND_HOLDS;

	for (size_t i = 0; i < rule->n_conditions; i++) {
		const struct condition *c = &rule->conditions[i];

		if (!fact_is_shared(c->fact))
			verdict = COND_UNKNOWN;
		else if (condition_eval(c, p->facts) != COND_HOLDS)
			return COND_FAILS;
	}
	return verdict;
}

static void add_grant(struct passes *p, const struct rule *rule, enum grant_kind kind,
		      const char *device, bool iommufd)
{
	const char *slash = strrchr(rule->file, '/');
	struct grants *g = p->grants;

	*arena_push(p->arena, g->v, g->n, g->cap) = (struct grant){
		.kind = kind,
		.device = device,
		.iommufd = iommufd,
		.rule = arena_printf(p->arena, "%s:%s", slash ? slash + 1 : rule->file,
				     rule->section),
	};
}

static int pass_slot(struct passes *p, const struct rule *rule, const char *slot, bool iommufd,
		     struct err *err)
{
	struct strv functions = { 0 };

	p->host->functions(p->host->user, p->arena, slot, &functions);
	if (functions.n == 0)
		return err_set(err, ENODEV, "%s: this host has no such PCI device", slot);
	if (functions.n > 1 && !str_ends(functions.v[0], ".0"))
		return err_set(err, ENODEV, "%s: the slot has no function 0", slot);
	for (size_t i = 0; i < functions.n; i++)
		add_grant(p, rule, GRANT_PCI, functions.v[i], iommufd);
	return 0;
}

static int pass_pci(struct passes *p, const struct rule *rule, const char *word, bool iommufd,
		    struct err *err)
{
	const char *address = pciaddr_spell(p->arena, word);

	if (!address)
		return err_set(err, EINVAL,
			       "'%s': must be a PCI address such as 0000:05:00.0, or 0000:05:00 "
			       "for the whole slot",
			       word);
	if (!strchr(address, '.'))
		return pass_slot(p, rule, address, iommufd, err);
	add_grant(p, rule, GRANT_PCI, address, iommufd);
	return 0;
}

static int pass_mdev(struct passes *p, const struct rule *rule, const char *word, bool iommufd,
		     struct err *err)
{
	const char *uuid = str_uuid(p->arena, word);

	if (!uuid)
		return err_set(err, EINVAL, "'%s': must be the UUID of a mediated device", word);
	add_grant(p, rule, GRANT_MDEV, uuid, iommufd);
	return 0;
}

static int take_iommufd(struct passes *p, const struct action *action, bool *iommufd,
			struct err *err)
{
	const char *word;
	int rc = 0;

	*iommufd = false;
	for (size_t i = 1; !rc && i < action->words.n; i++) {
		if (!str_starts(action->words.v[i], IOMMUFD_WORD))
			continue;
		rc = expand(p->arena, p->names, action->words.v[i], NULL, &word, err);
		if (!rc)
			rc = passthrough_iommufd(word + strlen(IOMMUFD_WORD), iommufd, err);
	}
	return rc;
}

/* The device is the first word of either verb. */
static int pass(struct passes *p, const struct rule *rule, const struct action *action,
		struct err *err)
{
	const char *word;
	bool iommufd;
	int rc;

	if (action->words.n == 0)
		return err_set(err, EINVAL, "a value is missing: write the device");
	rc = expand(p->arena, p->names, action->words.v[0], NULL, &word, err);
	if (!rc)
		rc = take_iommufd(p, action, &iommufd, err);
	if (rc)
		return rc;
	return (action->verb == VERB_PASS_PCI ? pass_pci : pass_mdev)(p, rule, word, iommufd, err);
}

static int add_units(struct passes *p, const struct action *action, struct err *err)
{
	struct grants *g = p->grants;
	struct strv *to = action->verb == VERB_STOP_UNITS  ? &g->stop_units :
			  action->verb == VERB_START_UNITS ? &g->start_units :
							     &g->pause_units;

	return unitnames_of_action(p->arena, action, p->names, to, err);
}

static int do_action(struct passes *p, const struct rule *rule, const struct action *action,
		     struct err *err)
{
	return verb_is_units(action->verb) ? add_units(p, action, err) :
					     pass(p, rule, action, err);
}

/* What only the wrapper can know, it tests and reports itself. */
static void lend(struct passes *p, const struct rule *rule, const struct action *action)
{
	struct err err;
	const char *what;

	if (!p->host->lend || p->doubtful || !action->words.n || action_allows_use(action) ||
	    expand(p->arena, p->names, action->words.v[0], NULL, &what, NULL) < 0)
		return;
	if (p->host->lend(p->host->user, action->verb, what, &err) < 0)
		mistake_add(p->mistakes, rule->file, action->line, "%s: %s",
			    verb_names[action->verb], err.text);
}

static void pass_all(struct passes *p, const struct rule *rule)
{
	struct err err;

	for (size_t i = 0; i < rule->n_actions; i++) {
		const struct action *action = &rule->actions[i];

		if (verb_is_lent(action->verb))
			lend(p, rule, action);
		if (!verb_is_of_hook(action->verb))
			continue;
		if (p->doubtful)
			mistake_add(p->mistakes, rule->file, action->line,
				    "%s: the earlier rule [%s] (%s:%u) has last = yes, and only "
				    "the wrapper can test if that rule applies; move this rule "
				    "before it",
				    verb_names[action->verb], p->doubtful->section,
				    p->doubtful->file, p->doubtful->line);
		else if (do_action(p, rule, action, &err) < 0)
			mistake_add(p->mistakes, rule->file, action->line, "%s: %s",
				    verb_names[action->verb], err.text);
	}
}

void passthrough_find(struct arena *a, const struct rule_set *rules, const struct facts *facts,
		 const struct names *names, const struct passthrough_host *host, struct grants *g,
		 struct mistakes *m)
{
	struct passes p = {
		.arena = a,
		.facts = facts,
		.names = names,
		.host = host,
		.grants = g,
		.mistakes = m,
	};

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->v[i];
		enum verdict verdict = rule->enabled ? judge(&p, rule) : COND_FAILS;

		if (verdict == COND_HOLDS)
			pass_all(&p, rule);
		if (!rule->last || verdict == COND_FAILS)
			continue;
		if (verdict == COND_HOLDS && rule->on_incoming != INCOMING_SKIP)
			return;
		if (!p.doubtful)
			p.doubtful = rule;
	}
}
