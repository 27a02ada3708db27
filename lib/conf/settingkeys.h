/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct device_settings;
struct settings;

/*
 * The keys of kvmshim.conf, a table for each kind of section. A new key is a row
 * and its setter.
 */
enum setting_section { SECTION_WRAPPER, SECTION_HOOK, SECTION_DEVICE, SECTION_COUNT };

/* The place for the values of a section. */
struct setting_place {
	struct arena *arena;
	struct settings *settings;
	struct device_settings *device; /* of SECTION_DEVICE */
	const char *key;
	bool append; /* key += value: only of a list */
};

/* Puts a value in its place; returns what it must be, NULL if it is right. */
typedef const char *setting_setter(const struct setting_place *p, const char *value);

struct setting_key {
	const char *name; /* NULL: the end of the table */
	setting_setter *set;
	bool list;  /* its value has several members, so += can add to it */
	bool words; /* it may be several words with "…": the setter gets them as written */
};

/* No section has more keys. */
#define SETTING_KEYS_MAX 40
#define SETTING_KEYS_FIT(table) (sizeof(table) / sizeof((table)[0]) <= SETTING_KEYS_MAX + 1)

extern const struct setting_key *const setting_keys[SECTION_COUNT];

struct hook_settings;

void setting_hook_defaults(struct hook_settings *hook);
