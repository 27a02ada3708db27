/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/unitfile.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

/* The first folder that has a name decides, as systemd searches them. */
static const char *const folders[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator.early", "/etc/systemd/system",	      "/run/systemd/system",
	"/run/systemd/generator",	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system",		"/run/systemd/generator.late",
};
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static enum unitfile look_at(const struct host *host, const char *path)
{
	const char *file = root_path(host, path);
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (lstat(file, &st) < 0)
		return UNITFILE_NONE;
	if (!S_ISLNK(st.st_mode))
		return st.st_size ? UNITFILE_EXISTS : UNITFILE_MASKED;
	len = readlink(file, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	return str_eq(target, "/dev/null") ? UNITFILE_MASKED : UNITFILE_EXISTS;
}

static enum unitfile look_for(const struct host *host, const char *name)
{
	enum unitfile found = UNITFILE_NONE;

	for (size_t i = 0; i < N_FOLDERS && found == UNITFILE_NONE; i++)
		found = look_at(host, arena_printf(host->arena, "%s/%s", folders[i], name));
	return found;
}

/* "foo@.service" for "foo@bar.service"; NULL: it is no instance. */
static const char *template_of(struct arena *a, const char *unit)
{
	const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');

	if (!at || !dot || dot < at)
		return NULL;
	return arena_printf(a, "%.*s%s", (int)(at + 1 - unit), unit, dot);
}

enum unitfile unitfile_find(const struct host *host, const char *unit)
{
	enum unitfile found = look_for(host, unit);
	const char *template = template_of(host->arena, unit);

	return found == UNITFILE_NONE && template ? look_for(host, template) : found;
}

static bool is_in_wants(const struct host *host, const char *folder, const char *unit)
{
	struct strv names = { 0 };

	sysfs_list(host, folder, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *path = arena_printf(host->arena, "%s/%s/%s", folder, names.v[i], unit);

		if ((str_ends(names.v[i], ".wants") || str_ends(names.v[i], ".requires")) &&
		    look_at(host, path) != UNITFILE_NONE)
			return true;
	}
	return false;
}

bool unitfile_is_enabled(const struct host *host, const char *unit)
{
	for (size_t i = 0; i < N_FOLDERS; i++)
		if (is_in_wants(host, folders[i], unit))
			return true;
	return false;
}
