/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/unitswarn.h"

#include <string.h>

#include "arena.h"
#include "conf/rules.h"
#include "conf/settings.h"
#include "conf/unitnames.h"
#include "host/pci/pci.h"
#include "host/program.h"
#include "host/sysfs.h"
#include "host/unitfile.h"
#include "mistake.h"
#include "root.h"
#include "str.h"

struct warner {
	const struct host *host;
	struct mistakes *mistakes;
	const char *path; /* the place of the key */
	unsigned line;
};

/* systemd makes units of the other types itself, from mounts, disks and processes. */
static bool has_file_type(const char *unit)
{
	static const char *const types[] = { ".service", ".socket", ".target", ".path", ".timer",
					     ".automount" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ends(unit, types[i]))
			return true;
	return false;
}

/* A unit that the systemd of each user has, such as pipewire.service. */
static bool is_of_users(const struct host *host, const char *unit)
{
	static const char *const folders[] = { "/etc/systemd/user", "/run/systemd/user",
					       "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
					       "/lib/systemd/user" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (sysfs_has(host, arena_printf(host->arena, "%s/%s", folders[i], unit)))
			return true;
	return false;
}

static void warn(const struct warner *w, const char *key, const char *unit, const char *what)
{
	mistake_warn(w->mistakes, w->path, w->line, "%s = %s: %s", key, unit, what);
}

static bool is_stopped(const char *key)
{
	return str_eq(key, "stop-units") || str_eq(key, "pause-units");
}

static void look_at_unit(const struct warner *w, const char *key, const char *unit)
{
	enum unitfile file = unitfile_find(w->host, unit);

	if (file == UNITFILE_MASKED)
		warn(w, key, unit, is_stopped(key) ? "the unit is masked, so the hook cannot start it again" :
				   "the unit is masked, so the hook cannot start it");
	else if (file == UNITFILE_EXISTS || !has_file_type(unit))
		return;
	else if (!is_stopped(key))
		warn(w, key, unit, "systemd does not know this unit, so the VM cannot start");
	else if (is_of_users(w->host, unit))
		warn(w, key, unit, "this is a unit of users, but the hook stops units of the host; write "
		     "user@UID.service to stop all units of a user");
	else
		warn(w, key, unit, "systemd does not know this unit, so the hook stops nothing");
}

static void look_at_units(const struct warner *w, const char *key, const struct strv *units)
{
	if (units->n && !program_find(w->host, "systemctl")) {
		warn(w, key, units->v[0],
		     is_stopped(key) ?
			     "systemctl is not installed, so the hook cannot stop units on this host" :
			     "systemctl is not installed, so the hook cannot start units on this host");
		return;
	}
	for (size_t i = 0; i < units->n; i++)
		look_at_unit(w, key, units->v[i]);
}

static void warn_of_bridge(const struct warner *w, const struct device_settings *d)
{
	const char *key = settings_not_of_bridge(d);
	struct pci_function f = { 0 };

	if (key && pci_function_read(w->host, d->address, &f) == 0 && f.bridge)
		mistake_warn(w->mistakes, w->path, w->line,
			     "%s: %s is a PCI bridge, so the hook ignores this key; power and "
			     "d3cold_allowed apply while a VM has a device below the bridge",
			     key, d->address);
}

void unitswarn(const struct host *host, const struct settings *settings, struct mistakes *m)
{
	for (size_t i = 0; i < settings->n_devices; i++) {
		const struct device_settings *d = &settings->devices[i];
		struct warner w = { host, m, settings->path, d->line };

		look_at_units(&w, "stop-units", &d->stop_units);
		look_at_units(&w, "pause-units", &d->pause_units);
		look_at_units(&w, "start-units", &d->start_units);
		look_at_units(&w, "units-before-unbind", &d->units_before_unbind);
		look_at_units(&w, "units-while-unbound", &d->units_while_unbound);
		warn_of_bridge(&w, d);
		if (d->end_sessions.n && !program_find(host, "loginctl"))
			warn(&w, "end-sessions", d->end_sessions.v[0],
			     "loginctl is not installed, so the hook cannot end sessions on this host");
	}
}

/* Only the start of a VM knows what %n is. */
static void look_at_action(const struct host *host, const struct rule *rule,
			   const struct action *action, struct mistakes *m)
{
	struct warner w = { host, m, rule->file, action->line };
	struct action known = { .verb = action->verb };
	struct strv units = { 0 };

	for (size_t i = 0; verb_is_units(action->verb) && i < action->words.n; i++)
		if (!strchr(action->words.v[i], '%'))
			strv_push(host->arena, &known.words, action->words.v[i]);
	if (known.words.n && unitnames_of_action(host->arena, &known, NULL, &units, NULL) == 0)
		look_at_units(&w, verb_names[action->verb], &units);
}

void unitswarn_rules(const struct host *host, const struct rule_set *rules, struct mistakes *m)
{
	for (size_t i = 0; i < rules->n; i++)
		for (size_t k = 0; rules->v[i].enabled && k < rules->v[i].n_actions; k++)
			look_at_action(host, &rules->v[i], &rules->v[i].actions[k], m);
}
