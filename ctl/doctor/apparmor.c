/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AppArmor: does it let the hook see who uses a device, and the wrapper run what is behind it? */
#include <string.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "file.h"
#include "host/sysfs.h"
#include "root.h"

static const char *text_of(const struct doctor *d, const char *path)
{
	struct file file = { 0 };

	if (file_read_any(d->host.arena, root_path(&d->host, path), &file, NULL) < 0 || !file.text)
		return "";
	return file.text;
}

#define APPARMOR "/etc/apparmor.d"
#define ABSTRACTION APPARMOR "/abstractions/libvirt-qemu"
#define LOCAL "local/abstractions/libvirt-qemu"
#define SNIPPETS "abstractions/libvirt-qemu.d"
#define SNIPPET SNIPPETS "/kvmshim"

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

/*
 * The text behind "include" or "#include" in a line, apparmor.d(5); NULL. "# include" is a
 * comment.
 */
static const char *included(const char *line)
{
	line += strspn(line, " \t");
	line += *line == '#';
	if (!str_starts(line, "include"))
		return NULL;
	line += strlen("include");
	line += strspn(line, " \t");
	if (str_starts(line, "if")) {
		line += strspn(line + 2, " \t") + 2;
		line += str_starts(line, "exists") ? strlen("exists") : 0;
	}
	return line + strspn(line, " \t");
}

/* Does a profile read this file or folder, a path below /etc/apparmor.d? */
static bool includes(struct arena *a, const char *text, const char *path)
{
	const char *forms[] = { arena_printf(a, "<%s>", path),
				arena_printf(a, "\"" APPARMOR "/%s\"", path),
				arena_printf(a, "\"%s\"", path) };

	for (; text; text = next_line(text)) {
		const char *what = included(text);

		for (size_t i = 0; what && i < sizeof(forms) / sizeof(forms[0]); i++)
			if (str_starts(what, forms[i]))
				return true;
	}
	return false;
}

/* Has it a line of the admin's own for us? */
static bool names_us(const char *text)
{
	for (; text; text = next_line(text)) {
		const char *rule = text + strspn(text, " \t"), *us = strstr(rule, "/etc/kvmshim");

		if (*rule != '#' && us && us < rule + strcspn(rule, "\n"))
			return true;
	}
	return false;
}

/* Newer versions of libvirt read each file of this folder. */
static bool folder_knows_us(const struct doctor *d)
{
	struct strv names = { 0 };

	sysfs_list(&d->host, APPARMOR "/" SNIPPETS, &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_eq(names.v[i], "kvmshim") ||
		    names_us(text_of(d, arena_printf(d->host.arena, APPARMOR "/" SNIPPETS "/%s",
						     names.v[i]))))
			return true;
	return false;
}

static bool local_knows_us(const struct doctor *d)
{
	const char *local = text_of(d, APPARMOR "/" LOCAL);

	return names_us(local) || (includes(d->host.arena, local, SNIPPETS) && folder_knows_us(d)) ||
	       (includes(d->host.arena, local, SNIPPET) &&
		sysfs_has(&d->host, APPARMOR "/" SNIPPET));
}

/* By the file that an installation puts there, or by lines of the admin's own. */
static bool profile_knows_us(const struct doctor *d)
{
	const char *text = text_of(d, ABSTRACTION);

	return names_us(text) || (includes(d->host.arena, text, SNIPPETS) && folder_knows_us(d)) ||
	       (includes(d->host.arena, text, LOCAL) && local_knows_us(d));
}

/* `kvmshim-place connect` connects the file, if it is there and a place for the line is. */
static const char *how_to_know_us(const struct doctor *d)
{
	const char *text = text_of(d, ABSTRACTION);
	bool folder = includes(d->host.arena, text, SNIPPETS);

	if (!sysfs_has(&d->host, APPARMOR "/" SNIPPET))
		return "install kvmshim again, for " APPARMOR "/" SNIPPET
		       " is missing; then run: kvmshim-place connect";
	if (!folder && !includes(d->host.arena, text, LOCAL))
		return "add this line to " ABSTRACTION ": include if exists <" SNIPPETS ">";
	return "kvmshim-place connect";
}

/* The hook is confined like the daemon, and has to see what other processes have open. */
static const char *blind_profile(const struct doctor *d)
{
	const char *name = d->libvirt.name, *local;

	if (!name || !sysfs_has(&d->host, arena_printf(d->host.arena, APPARMOR "/usr.sbin.%s", name)))
		return NULL;
	local = arena_printf(d->host.arena, APPARMOR "/local/usr.sbin.%s", name);
	return strstr(text_of(d, local), "ptrace") ? NULL : local;
}

struct row doctor_apparmor(const struct doctor *d)
{
	const char *blind = blind_profile(d);

	if (!d->confinement.apparmor)
		return row_ok(d, "the kernel does not use AppArmor");
	if (d->libvirt.conf_unseen)
		return row_unseen(d, QEMUCONF);
	if (qemuconf_may_confine(&d->libvirt.conf, "apparmor") && doctor_has_wrapper(d) &&
	    sysfs_has(&d->host, ABSTRACTION) && !profile_knows_us(d))
		return row_fail(
			d, how_to_know_us(d),
			"the AppArmor profile of VMs does not let the wrapper read rules and run the real emulator");
	if (blind && doctor_needs_hook(d))
		return row_warn(
			d,
			arena_printf(d->host.arena,
				     "echo 'ptrace (read),' >>%s, then apparmor_parser -r " APPARMOR
				     "/%s",
				     blind, strrchr(blind, '/') + 1),
			"AppArmor does not let the hook see which programs use a device, so the "
			"hook treats the device as in use");
	return row_ok(d, "%s",
		      qemuconf_may_confine(&d->libvirt.conf, "apparmor") ? "the profiles allow wrapper and hook" :
						   "libvirt does not use AppArmor for VMs");
}
