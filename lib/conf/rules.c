/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

#include <string.h>

#include "arena.h"
#include "conf/inifile.h"
#include "conf/otherkeys.h"
#include "conf/words.h"
#include "err.h"
#include "file.h"
#include "mistake.h"
#include "nearest.h"
#include "str.h"
#include "strindex.h"

const char *const verb_names[VERB_COUNT] = {
	[VERB_SET] = "set",
	[VERB_DEFAULT] = "default",
	[VERB_UNSET] = "unset",
	[VERB_ADD] = "add",
	[VERB_REMOVE] = "remove",
	[VERB_HIDE_HYPERVISOR] = "hide-hypervisor",
	[VERB_MACHINE_TYPE] = "machine-type",
	[VERB_FOLD_SET] = "fold-set",
	[VERB_SHARE_9P] = "share-9p",
	[VERB_PASS_PCI] = "pass-pci",
	[VERB_PASS_MDEV] = "pass-mdev",
	[VERB_PASS_USB] = "pass-usb",
	[VERB_PASS_DISK] = "pass-disk",
	[VERB_STOP_UNITS] = "stop-units",
	[VERB_START_UNITS] = "start-units",
	[VERB_PAUSE_UNITS] = "pause-units",
};

struct load {
	struct arena *arena;
	const char *file;
	struct rule_set *set;
	struct mistakes *mistakes;
	struct strindex sections; /* of this file: the index of the first rule of each name */
	struct rule *rule;
	size_t errors; /* mistakes known when the rule began */
	unsigned seen[8]; /* line of each plain key in this rule, by row of plain_keys */
};

/* Sets a plain key from its value. Returns what the value must be, NULL if it is right. */
typedef const char *plain_setter(struct rule *r, const char *value);

static const char *set_description(struct rule *r, const char *value)
{
	r->description = value;
	return NULL;
}

static const char *set_bool(bool *to, const char *value)
{
	int on = str_to_bool(value);

	if (on < 0)
		return "yes or no";
	*to = on;
	return NULL;
}

static const char *set_enabled(struct rule *r, const char *value)
{
	return set_bool(&r->enabled, value);
}

static const char *set_last(struct rule *r, const char *value)
{
	return set_bool(&r->last, value);
}

static const char *set_when(struct rule *r, const char *value)
{
	r->always = true;
	return str_eq(value, "always") ? NULL : "always";
}

static const char *set_on_incoming(struct rule *r, const char *value)
{
	static const char *const names[] = { "apply", "skip", "refuse" };

	for (size_t i = 0; i < 3; i++)
		if (str_eq(names[i], value)) {
			r->on_incoming = (enum on_incoming)i;
			return NULL;
		}
	return "apply, skip or refuse";
}

/* Keys that are given once in a rule. They are not conditions and not verbs. */
static const struct {
	const char *key;
	plain_setter *set;
} plain_keys[] = {
	{ "description", set_description },
	{ "enabled", set_enabled },
	{ "last", set_last },
	{ "when", set_when },
	{ "on-incoming", set_on_incoming },
};
#define N_PLAIN (sizeof(plain_keys) / sizeof(plain_keys[0]))
_Static_assert(N_PLAIN <= sizeof(((struct load *)0)->seen) / sizeof(unsigned), "seen[] per key");

static bool plain_key(struct load *l, const char *key, const char *value, unsigned line)
{
	const char *wanted;
	size_t i = 0;

	while (i < N_PLAIN && !str_eq(plain_keys[i].key, key))
		i++;
	if (i == N_PLAIN)
		return false;
	if (l->seen[i]) {
		mistake_add(l->mistakes, l->file, line, "'%s' is given twice: first at line %u",
			    key, l->seen[i]);
		return true;
	}
	l->seen[i] = line;
	wanted = plain_keys[i].set(l->rule, inifile_unquote(l->arena, value));
	if (wanted)
		mistake_add(l->mistakes, l->file, line, "%s = %s: must be %s", key, value, wanted);
	return true;
}

static struct condition *rule_condition(struct load *l, enum fact fact, unsigned line)
{
	struct rule *r = l->rule;

	for (size_t i = 0; i < r->n_conditions; i++)
		if (r->conditions[i].fact == fact)
			return &r->conditions[i];
	*arena_push(l->arena, r->conditions, r->n_conditions, r->conditions_cap) =
		(struct condition){ .fact = fact, .line = line };
	return &r->conditions[r->n_conditions - 1];
}

static bool condition_key(struct load *l, const char *key, const char *value, unsigned line)
{
	struct condition *c;
	struct err err;

	for (enum fact f = 0; f < FACT_COUNT; f++) {
		if (!str_eq(condition_keys[f], key))
			continue;
		c = rule_condition(l, f, line);
		c->quoted |= *value == '"';
		if (condition_add(l->arena, c, inifile_unquote(l->arena, value), line, &err) < 0)
			mistake_add(l->mistakes, l->file, line, "%s: %s", key, err.text);
		return true;
	}
	return false;
}

static bool verb_key(struct load *l, const char *key, const char *value, unsigned line)
{
	struct action action = { .line = line, .text = value };
	struct err err;
	int rc;

	while (action.verb < VERB_COUNT && !str_eq(verb_names[action.verb], key))
		action.verb++;
	if (action.verb == VERB_COUNT)
		return false;
	if (verb_is_high(action.verb))
		rc = words_parse(l->arena, value, &action.words, &err);
	else
		rc = target_parse(l->arena, inifile_unquote(l->arena, value), &action.target,
				  &action.rest, &err);
	if (rc < 0)
		mistake_add(l->mistakes, l->file, line, "%s: %s", key, err.text);
	else
		*arena_push(l->arena, l->rule->actions, l->rule->n_actions, l->rule->actions_cap) =
			action;
	return true;
}

static void unknown_key(struct load *l, const char *key, unsigned line)
{
	struct nearest near = { .word = key };
	const char *meant = otherkeys_meant(key);

	if (meant) {
		mistake_add(l->mistakes, l->file, line, "unknown key or verb '%s'; write %s", key,
			    meant);
		return;
	}
	for (size_t i = 0; i < N_PLAIN; i++)
		nearest_try(&near, plain_keys[i].key);
	for (enum fact f = 0; f < FACT_COUNT; f++)
		nearest_try(&near, condition_keys[f]);
	for (enum verb v = 0; v < VERB_COUNT; v++)
		nearest_try(&near, verb_names[v]);
	mistake_add(l->mistakes, l->file, line, "unknown key or verb '%s'%s", key,
		    nearest_hint(l->arena, &near));
}

/* The hook hands a device over, the wrapper passes it on: both must judge the rule alike. */
static void check_granted(struct load *l, const struct rule *r, const struct action *action)
{
	for (size_t i = 0; i < r->n_conditions; i++)
		if (!fact_is_shared(r->conditions[i].fact))
			mistake_add(l->mistakes, l->file, r->conditions[i].line,
				    "%s together with %s: the hook, which %s, "
				    "cannot test this condition; use name, uuid, host, flavor, "
				    "project, user or instance",
				    condition_keys[r->conditions[i].fact],
				    verb_names[action->verb],
				    verb_is_units(action->verb) ? "stops and starts the units" :
								  "assigns the device");
}

/* Reports the parts that the current rule lacks, only if none of its lines is a mistake. */
static void check_whole(struct load *l)
{
	const struct rule *r = l->rule;

	if (r->n_actions == 0)
		mistake_add(l->mistakes, l->file, r->line,
			    "rule [%s] does nothing, because it has no verb (set, default, unset, "
			    "add, remove, hide-hypervisor, …)",
			    r->section);
	if (r->n_conditions == 0 && !r->always)
		mistake_add(l->mistakes, l->file, r->line,
			    "rule [%s] has no condition; for every VM write 'when = always'",
			    r->section);
	if (r->n_conditions && r->always)
		mistake_add(l->mistakes, l->file, r->conditions[0].line,
			    "rule [%s] has 'when = always' and a condition; remove one of them",
			    r->section);
}

static void rule_end(struct load *l)
{
	const struct rule *r = l->rule;

	if (!r)
		return;
	if (l->mistakes->errors == l->errors)
		check_whole(l);
	for (size_t i = 0; i < r->n_actions; i++)
		if (verb_is_of_hook(r->actions[i].verb))
			check_granted(l, r, &r->actions[i]);
}

static void on_section(void *user, const char *name, unsigned line)
{
	struct load *l = user;
	size_t first;

	rule_end(l);
	first = strindex_add(&l->sections, 0, name, l->set->n);
	if (first != l->set->n)
		mistake_add(l->mistakes, l->file, line,
			    "section [%s] is given twice: first at line %u", name,
			    l->set->v[first].line);
	l->rule = arena_push(l->arena, l->set->v, l->set->n, l->set->cap);
	*l->rule = (struct rule){
		.file = l->file, .section = name, .line = line, .enabled = true
	};
	memset(l->seen, 0, sizeof(l->seen));
	l->errors = l->mistakes->errors;
}

static void on_key(void *user, const char *key, const char *value, unsigned line)
{
	struct load *l = user;

	if (!l->rule) {
		mistake_add(l->mistakes, l->file, line,
			    "'%s' is before the first section; begin each rule with [its name]",
			    key);
		return;
	}
	if (!plain_key(l, key, value, line) && !condition_key(l, key, value, line) &&
	    !verb_key(l, key, value, line))
		unknown_key(l, key, line);
}

void rules_read(struct arena *a, const struct file *file, struct rule_set *set,
		struct mistakes *m)
{
	static const struct ini_events events = { on_section, on_key, NULL };
	struct load l = {
		.arena = a, .file = file->path, .set = set, .mistakes = m, .sections.arena = a
	};

	inifile_read(a, file, &events, &l, m);
	rule_end(&l);
}

enum verdict rule_matches(const struct rule *rule, const struct facts *facts,
			  const struct condition **why)
{
	for (size_t i = 0; i < rule->n_conditions; i++) {
		enum verdict v = condition_eval(&rule->conditions[i], facts);

		if (v == COND_HOLDS)
			continue;
		if (why)
			*why = &rule->conditions[i];
		return v;
	}
	return COND_HOLDS;
}

unsigned rules_facts_needed(const struct rule_set *set)
{
	unsigned needed = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct rule *r = &set->v[i];

		for (size_t j = 0; r->enabled && j < r->n_conditions; j++)
			needed |= 1u << r->conditions[j].fact;
	}
	return needed;
}

const char *rule_glob(const struct rule *rule, enum fact fact)
{
	for (size_t i = 0; i < rule->n_conditions; i++)
		for (size_t j = 0; j < rule->conditions[i].n; j++)
			if (rule->conditions[i].fact == fact &&
			    !rule->conditions[i].patterns[j].negated)
				return rule->conditions[i].patterns[j].glob;
	return NULL;
}

/* After the device, as the wrapper sorts the words. */
bool action_allows_use(const struct action *action)
{
	for (size_t i = 1; i < action->words.n; i++)
		if (str_eq(action->words.v[i], "in-use=yes") ||
		    (action->verb == VERB_PASS_DISK && str_eq(action->words.v[i], "ro")))
			return true;
	return false;
}
