/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/settings.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/confdir.h"
#include "conf/inifile.h"
#include "conf/settingkeys.h"
#include "device/pciaddr.h"
#include "err.h"
#include "file.h"
#include "glob.h"
#include "mistake.h"
#include "nearest.h"
#include "root.h"
#include "str.h"

static const char *const section_names[SECTION_COUNT] = {
	[SECTION_WRAPPER] = "wrapper",
	[SECTION_HOOK] = "hook",
	[SECTION_DEVICE] = "device",
};

struct load {
	struct mistakes *mistakes;
	struct setting_place place;
	struct device_settings unkept; /* of a [device] that is a mistake; its keys are judged */
	bool any_section;
	enum setting_section section; /* we are in; SECTION_COUNT: none that we know */
	unsigned section_line[SECTION_COUNT];
	unsigned seen[SECTION_COUNT][SETTING_KEYS_MAX];
};

/* ---- sections ---- */

/* The text behind "device" in the section's name; NULL if it is another section. */
static const char *after_device(const char *name)
{
	size_t len = strlen(section_names[SECTION_DEVICE]);

	if (!str_starts(name, section_names[SECTION_DEVICE]))
		return NULL;
	if (name[len] && !strchr(" \t", name[len]))
		return NULL;
	return str_skip_blanks(name + len);
}

static enum setting_section section_of(const char *name)
{
	if (after_device(name))
		return SECTION_DEVICE;
	for (enum setting_section s = 0; s < SECTION_DEVICE; s++)
		if (str_eq(section_names[s], name))
			return s;
	return SECTION_COUNT;
}

/* The address is not what was misspelled. */
static void unknown_section(struct load *l, const char *name, unsigned line)
{
	struct arena *a = l->place.arena;
	const char *blank = strpbrk(name, " \t");
	struct nearest near = { .word = name };

	for (enum setting_section s = 0; s < SECTION_DEVICE; s++)
		nearest_try(&near, section_names[s]);
	nearest_try(&near, arena_printf(a, "device%s", blank ? blank : " 0000:05:00.0"));
	mistake_add(l->mistakes, l->place.settings->path, line, "unknown section [%s]%s", name,
		    nearest_hint(a, &near));
}

/* The section that a [device] becomes; NULL if it is a mistake. */
static struct device_settings *add_device(struct load *l, const char *name, unsigned line)
{
	struct arena *a = l->place.arena;
	struct settings *s = l->place.settings;
	const char *text = after_device(name);
	const char *address = pciaddr_spell_function(a, str_trim(a, text, strlen(text)));
	const struct device_settings *first = address ? settings_of_device(s, address) : NULL;
	struct device_settings *d;

	if (!address) {
		mistake_add(l->mistakes, s->path, line,
			    "section [%s]: must be device and the address of one function, such as "
			    "[device 0000:05:00.0]",
			    name);
		return NULL;
	}
	if (first) {
		mistake_add(l->mistakes, s->path, line,
			    "section [device %s] is given twice: first at line %u", address,
			    first->line);
		return NULL;
	}
	d = arena_push(a, s->devices, s->n_devices, s->devices_cap);
	*d = (struct device_settings){ .address = address, .line = line };
	return d;
}

static void begin_device(struct load *l, const char *name, unsigned line)
{
	struct device_settings *d = add_device(l, name, line);

	l->unkept = (struct device_settings){ 0 };
	l->place.device = d ? d : &l->unkept;
	memset(l->seen[SECTION_DEVICE], 0, sizeof(l->seen[SECTION_DEVICE]));
}

static void on_section(void *user, const char *name, unsigned line)
{
	struct load *l = user;
	const char *path = l->place.settings->path;

	l->any_section = true;
	l->section = section_of(name);
	if (l->section == SECTION_COUNT)
		unknown_section(l, name, line);
	else if (l->section == SECTION_DEVICE)
		begin_device(l, name, line);
	else if (l->section_line[l->section])
		mistake_add(l->mistakes, path, line,
			    "section [%s] is given twice: first at line %u", name,
			    l->section_line[l->section]);
	else
		l->section_line[l->section] = line;
}

/* ---- keys ---- */

/* A list can be given once, and added to after that. */
static bool may_set(struct load *l, const struct setting_key *key, unsigned seen, unsigned line)
{
	const char *path = l->place.settings->path;

	if (l->place.append && !key->list)
		mistake_add(l->mistakes, path, line,
			    "'+=' adds to a list, and %s is not a list; write %s = VALUE",
			    key->name, key->name);
	else if (seen && !l->place.append)
		mistake_add(l->mistakes, path, line, "'%s' is given twice: first at line %u",
			    key->name, seen);
	else
		return true;
	return false;
}

static void set(struct load *l, const struct setting_key *key, const char *value, unsigned line)
{
	const char *path = l->place.settings->path, *wanted;
	unsigned *seen = &l->seen[l->section][key - setting_keys[l->section]];

	if (!may_set(l, key, *seen, line))
		return;
	*seen = *seen ? *seen : line;
	if (!key->words)
		value = inifile_unquote(l->place.arena, value);
	l->place.key = key->name;
	wanted = key->set(&l->place, value);
	if (wanted)
		mistake_add(l->mistakes, path, line, "%s %s= %s: must be %s", key->name,
			    l->place.append ? "+" : "", value, wanted);
}

/* How the section that has a key of this name is written; NULL if none has. */
static const char *other_section(const char *name)
{
	static const char *const written[SECTION_COUNT] = {
		[SECTION_WRAPPER] = "[wrapper]",
		[SECTION_HOOK] = "[hook]",
		[SECTION_DEVICE] = "a section [device ADDRESS]",
	};

	for (enum setting_section s = 0; s < SECTION_COUNT; s++)
		for (const struct setting_key *key = setting_keys[s]; key->name; key++)
			if (str_eq(key->name, name))
				return written[s];
	return NULL;
}

static void take(struct load *l, const char *name, const char *value, unsigned line)
{
	const char *path = l->place.settings->path;
	struct nearest near = { .word = name };

	if (!l->any_section)
		mistake_add(l->mistakes, path, line,
			    "'%s' is before the first section; write [wrapper] above it", name);
	if (l->section == SECTION_COUNT)
		return;
	for (const struct setting_key *key = setting_keys[l->section]; key->name; key++) {
		if (str_eq(key->name, name)) {
			set(l, key, value, line);
			return;
		}
		nearest_try(&near, key->name);
	}
	if (other_section(name))
		mistake_add(l->mistakes, path, line, "'%s' belongs in %s", name,
			    other_section(name));
	else
		mistake_add(l->mistakes, path, line, "unknown key '%s'%s", name,
			    nearest_hint(l->place.arena, &near));
}

static void on_key(void *user, const char *name, const char *value, unsigned line)
{
	struct load *l = user;

	l->place.append = false;
	take(l, name, value, line);
}

static void on_append(void *user, const char *name, const char *value, unsigned line)
{
	struct load *l = user;

	l->place.append = true;
	take(l, name, value, line);
}

/* ---- the file ---- */

void settings_parse(struct arena *a, const struct file *file, struct settings *s,
		    struct mistakes *m)
{
	static const struct ini_events events = { on_section, on_key, on_append };
	struct load l = {
		.mistakes = m,
		.place = { .arena = a, .settings = s },
		.section = SECTION_COUNT,
	};

	*s = (struct settings){ .path = file->path, .enabled = true };
	setting_hook_defaults(&s->hook);
	if (file->text)
		inifile_read(a, file, &events, &l, m);
	for (size_t i = 0; i < s->n_devices; i++)
		if (s->devices[i].unbind_timeout == 0)
			s->devices[i].unbind_timeout = s->hook.unbind_timeout;
}

void settings_read(const struct host *host, struct settings *s, struct mistakes *m)
{
	const char *folder = root_path(host, CONFDIR_ETC);
	struct err err = { 0 };
	_cleanup_fd_ int fd = folder_open(&host->root, AT_FDCWD, folder, &err);
	struct file file = { .path = root_path(host, CONFDIR_ETC "/" SETTINGS_FILE) };
	int rc;

	rc = fd < 0 ? fd : file_read(host, fd, SETTINGS_FILE, 0, &file, &err);
	if (rc < 0 && rc != -ENOENT)
		mistake_add(m, fd < 0 ? folder : file.path, 0, "%s", err.text);
	settings_parse(host->arena, &file, s, m);
}

/* ---- questions ---- */

const struct device_settings *settings_of_device(const struct settings *s, const char *address)
{
	for (size_t i = 0; i < s->n_devices; i++)
		if (str_eq(s->devices[i].address, address))
			return &s->devices[i];
	return NULL;
}

bool settings_stop_unit(const struct device_settings *d, const char *unit)
{
	return d && (strv_has(&d->stop_units, unit) || strv_has(&d->pause_units, unit));
}

const char *settings_attribute(const struct device_settings *d, const char *name)
{
	for (size_t i = 0; d && i < d->n_attributes; i++)
		if (str_eq(d->attributes[i].name, name))
			return d->attributes[i].value;
	return NULL;
}

enum vf_property settings_vf_first(const struct device_settings *d)
{
	enum vf_property p = VF_MAC;

	while (d && p < VF_PROPERTIES && !d->vf[p])
		p++;
	return d ? p : VF_PROPERTIES;
}

bool settings_is_of_bridge(const char *attribute)
{
	return str_eq(attribute, "power/control") || str_eq(attribute, "d3cold_allowed");
}

const char *settings_not_of_bridge(const struct device_settings *d)
{
	const struct {
		const char *key;
		bool set;
	} keys[] = {
		{ "stop-units", d->stop_units.n },
		{ "pause-units", d->pause_units.n },
		{ "start-units", d->start_units.n },
		{ "units-before-unbind", d->units_before_unbind.n },
		{ "units-while-unbound", d->units_while_unbound.n },
		{ "end-sessions", d->end_sessions.n },
		{ "unload-modules", d->unload_modules.n },
		{ "load-modules", d->load_modules.n },
		{ "mdev-type", d->mdev_type },
		{ "on-return", d->rescan },
		{ "expect", d->expect_id },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].set)
			return keys[i].key;
	for (size_t i = 0; i < d->n_attributes; i++)
		if (!settings_is_of_bridge(d->attributes[i].name))
			return d->attributes[i].name;
	return NULL;
}

enum holder_policy settings_holders(const struct settings *s, const char *address,
				    enum holder_kind kind)
{
	const struct device_settings *d = settings_of_device(s, address);
	enum holder_policy by_default[HOLDER_KINDS];

	if (kind >= HOLDER_KINDS || kind == HOLDER_DISK)
		return HOLDERS_REFUSE;
	if (d && d->holders[kind])
		return d->holders[kind];
	setting_holders_default(by_default);
	return s->hook.holders[kind] ? s->hook.holders[kind] : by_default[kind];
}

enum managed_check settings_managed(const struct settings *s, const char *address)
{
	const struct device_settings *d = settings_of_device(s, address);

	if (d && d->managed)
		return d->managed;
	return s->hook.managed ? s->hook.managed : MANAGED_ESSENTIAL;
}

static bool names_driver(const struct strv *globs, const char *driver)
{
	for (size_t i = 0; i < globs->n; i++)
		if (glob_match_dashes(globs->v[i], driver))
			return true;
	return false;
}

bool settings_may_unbind(const struct settings *s, const char *driver, bool companion)
{
	return names_driver(&s->hook.unbind_drivers, driver) ||
	       (companion && names_driver(&s->hook.companion_drivers, driver));
}
