/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/condition.h"
#include "str.h"

struct arena;
struct file;
struct mistakes;

/* The arguments of a verb, and their meaning to QEMU, are the wrapper's. */
enum verb {
	/* low: -OPTION[SELECTOR] and verbatim QEMU syntax */
	VERB_SET,
	VERB_DEFAULT,
	VERB_UNSET,
	VERB_ADD,
	VERB_REMOVE,
	/* high: words */
	VERB_HIDE_HYPERVISOR,
	VERB_MACHINE_TYPE,
	VERB_FOLD_SET,
	VERB_SHARE_9P,
	VERB_PASS_PCI,
	VERB_PASS_MDEV,
	VERB_PASS_USB,
	VERB_PASS_DISK,
	/* high, and the hook's alone */
	VERB_STOP_UNITS,
	VERB_START_UNITS,
	VERB_PAUSE_UNITS,
	VERB_COUNT,
};

extern const char *const verb_names[VERB_COUNT];

static inline bool verb_is_high(enum verb verb)
{
	return verb >= VERB_HIDE_HYPERVISOR;
}

/* Verbs for which the hook hands a host device over first. */
static inline bool verb_is_granted(enum verb verb)
{
	return verb == VERB_PASS_PCI || verb == VERB_PASS_MDEV;
}

/* Verbs for which QEMU itself opens a disk or a USB device of the host. */
static inline bool verb_is_lent(enum verb verb)
{
	return verb == VERB_PASS_USB || verb == VERB_PASS_DISK;
}

/* Verbs that the hook does: the command line stays as it is. */
static inline bool verb_is_units(enum verb verb)
{
	return verb >= VERB_STOP_UNITS && verb <= VERB_PAUSE_UNITS;
}

/* Verbs of rules that hook and wrapper must judge alike. */
static inline bool verb_is_of_hook(enum verb verb)
{
	return verb_is_granted(verb) || verb_is_units(verb);
}

struct action {
	enum verb verb;
	struct target target; /* of a low verb */
	const char *rest;     /* of a low verb: verbatim QEMU syntax */
	struct strv words;    /* of a high verb */
	const char *text;     /* the value as written */
	unsigned line;
};

/*
 * Does this pass-disk or pass-usb allow that the host uses the device: in-use=yes, or ro of a
 * disk?
 */
bool action_allows_use(const struct action *action);

enum on_incoming { INCOMING_APPLY, INCOMING_SKIP, INCOMING_REFUSE };

/* A section of a rule file. Rules apply in the order of rule_set. */
struct rule {
	const char *file, *section, *description;
	unsigned line;
	bool enabled, last, always;
	enum on_incoming on_incoming;
	struct condition *conditions;
	size_t n_conditions, conditions_cap;
	struct action *actions;
	size_t n_actions, actions_cap;
};

struct rule_set {
	struct rule *v;
	size_t n, cap;
};

/* Adds the rules of one file. Everything wrong in it goes to m. */
void rules_read(struct arena *a, const struct file *file, struct rule_set *set,
		struct mistakes *m);

/*
 * Are all conditions true? Pure. If one is not, *why (if given) is that condition, and the
 * verdict is whether it fails or its fact is unknown.
 */
enum verdict rule_matches(const struct rule *rule, const struct facts *facts,
			  const struct condition **why);

/* The first glob of the rule for this fact that is not behind a '!'; NULL if it has none. */
const char *rule_glob(const struct rule *rule, enum fact fact);

/* Bits 1 << enum fact that any enabled rule asks for. */
unsigned rules_facts_needed(const struct rule_set *set);
