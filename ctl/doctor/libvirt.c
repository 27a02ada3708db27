/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt: its version, and does it call the hook? */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "hooks/hook.h"
#include "host/process/namespace.h"
#include "host/process/vmprocess.h"
#include "host/sysfs.h"
#include "root.h"
#include "shellword.h"

#define HOOKS "/etc/libvirt/hooks"
#define HOOK_PROGRAM "kvmshim-hook"
/* for qemu.d and the like */
#define FOLDERS_SINCE 6005000

static const char *here(const struct doctor *d, const char *path)
{
	return root_path(&d->host, path);
}

static bool knows_folders(const struct doctor *d)
{
	return !d->libvirt.version || d->libvirt.number >= FOLDERS_SINCE;
}

struct row doctor_libvirt(const struct doctor *d)
{
	const struct libvirt *l = &d->libvirt;
	const char *state = l->daemon.pid ? arena_printf(d->host.arena, "is running (pid %ld)",
							 (long)l->daemon.pid)
					  : "is not running";

	if (!l->program)
		return row_ok(d, "libvirt is not installed");
	if (l->problem)
		return row_warn(d, NULL, "%s", l->problem);
	if (!l->version)
		return row_warn(d, NULL, "the version of %s is unknown", l->program);
	if (!knows_folders(d))
		return row_warn(d, "upgrade libvirt to 6.5 or later",
				"%s %s supports only one hook for QEMU, " HOOKS "/qemu", l->program,
				l->version);
	return row_ok(d, "%s %s %s", l->program, l->version, state);
}

/* ---- hooks ---- */

struct hook_file {
	const char *path;
	bool ours, executable;
	struct stat link; /* of itself, not of what it leads to */
};

static bool is_ours(const struct doctor *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *target = sysfs_link(&d->host, path);

	return target ? str_eq(target, HOOK_PROGRAM) : strstr(slash, "kvmshim") != NULL;
}

/* false: the path does not exist, not even as a broken link. */
static bool look_at_hook(const struct doctor *d, const char *path, struct hook_file *h)
{
	struct stat st;

	*h = (struct hook_file){ .path = path };
	if (lstat(here(d, path), &h->link) < 0)
		return false;
	h->ours = is_ours(d, path);
	h->executable = stat(here(d, path), &st) == 0 && S_ISREG(st.st_mode) &&
			access(here(d, path), X_OK) == 0;
	return true;
}

struct hook_files {
	struct hook_file *v;
	size_t n, cap;
};

/* A copy of ours that an editor left does nothing; libvirt runs such copies of others. */
static void add_hook(const struct doctor *d, const char *path, struct hook_files *out)
{
	struct hook_file h;

	if (look_at_hook(d, path, &h) && !(h.ours && hook_is_backup(path)))
		*arena_push(d->host.arena, out->v, out->n, out->cap) = h;
}

static void find_hooks(const struct doctor *d, struct hook_files *out)
{
	struct strv names = { 0 };

	add_hook(d, HOOKS "/qemu", out);
	sysfs_list(&d->host, HOOKS "/qemu.d", &names);
	for (size_t i = 0; i < names.n; i++)
		add_hook(d, arena_printf(d->host.arena, HOOKS "/qemu.d/%s", names.v[i]), out);
}

static const struct hook_file *our_hook(const struct hook_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].ours)
			return &files->v[i];
	return NULL;
}

static const struct assigned *journal_of(const struct doctor *d, const char *uuid)
{
	for (size_t i = 0; i < d->assigned.n; i++)
		if (str_eq(d->assigned.v[i].uuid, uuid))
			return &d->assigned.v[i];
	return NULL;
}

struct vm_user doctor_user_of(const struct doctor *d, const char *uuid)
{
	const struct assigned *h = journal_of(d, uuid);

	return h && !h->problem ? h->journal.user : (struct vm_user){ 0 };
}

/* Did this domain start after the hook was installed, and does it run without a journal? */
static bool is_uncalled_for(const struct doctor *d, const struct hook_file *h,
			    const struct defined *one)
{
	const char *pid = arena_printf(d->host.arena, "/run/libvirt/qemu/%s.pid", one->name);
	struct stat st;

	return one->xml.uuid && stat(here(d, pid), &st) == 0 &&
	       st.st_mtim.tv_sec > h->link.st_ctim.tv_sec && !journal_of(d, one->xml.uuid) &&
	       process_of_domain(&d->host, one->name, one->xml.uuid, (struct vm_user){ 0 }).pid;
}

/* The first such; NULL: none. */
static const char *uncalled_for(const struct doctor *d, const struct hook_file *h)
{
	if (d->assigned_unseen || !d->ours.settings.hook.enabled)
		return NULL;
	for (size_t i = 0; i < d->n_domains; i++)
		if (is_uncalled_for(d, h, &d->domains[i]))
			return d->domains[i].name;
	return NULL;
}

static bool was_called_by_daemon(const struct doctor *d)
{
	for (size_t i = 0; i < d->assigned.n; i++)
		if (!d->assigned.v[i].problem &&
		    d->assigned.v[i].journal.daemon.pid == d->libvirt.daemon.pid)
			return true;
	return false;
}

static struct row judge_seen(const struct doctor *d, const struct hook_file *h)
{
	const struct libvirt *l = &d->libvirt;
	const char *not_for = uncalled_for(d, h),
		   *reload = arena_printf(d->host.arena, "systemctl reload %s",
					  shellword(d->host.arena, doctor_daemon_unit(d)));

	if (not_for)
		return row_fail(d, reload,
				"%s is installed, but libvirt did not call it when %s started",
				h->path, not_for);
	if (l->daemon.pid && h->link.st_ctim.tv_sec > l->started + 1 && l->started &&
	    !was_called_by_daemon(d))
		return row_warn(d, reload,
				"%s is newer than the libvirt daemon, which looks for hooks only "
				"when it starts; no VM has started since then",
				h->path);
	return row_ok(d, "the hook is installed as %s", h->path);
}

struct row doctor_hook(const struct doctor *d)
{
	static const char place[] = "kvmshim-place connect";
	struct hook_files files = { 0 };
	const struct hook_file *ours;

	if (!d->libvirt.program)
		return row_ok(d, "libvirt is not installed, so no hook is needed");
	if (doctor_hides(d, HOOKS))
		return row_unseen(d, HOOKS);
	find_hooks(d, &files);
	ours = our_hook(&files);
	if (!ours && doctor_needs_hook(d))
		return row_fail(d, place,
				"the kvmshim hook is not installed, but a domain or rule needs "
				"the hook to assign devices");
	if (!ours)
		return row_warn(d, place, "the kvmshim hook is not installed");
	if (!ours->executable)
		return row_fail(d, "chmod 755 /usr/sbin/" HOOK_PROGRAM,
				"%s does not lead to a program that can be run", ours->path);
	if (!knows_folders(d) && strstr(ours->path, "/qemu.d/"))
		return row_fail(d, "ln -s /usr/sbin/" HOOK_PROGRAM " " HOOKS "/qemu",
				"libvirt %s does not read hooks from qemu.d", d->libvirt.version);
	return judge_seen(d, ours);
}

struct row doctor_foreign_hooks(const struct doctor *d)
{
	struct hook_files files = { 0 };
	struct row_texts others = { 0 };

	if (doctor_hides(d, HOOKS))
		return row_unseen(d, HOOKS);
	find_hooks(d, &files);
	for (size_t i = 0; i < files.n; i++)
		if (!files.v[i].ours && files.v[i].executable)
			row_add(d, &others, "%s", files.v[i].path);
	if (others.n)
		return row_warn(
			d,
			"check that no other hook binds or unbinds the devices of kvmshim",
			"libvirt also runs these hooks: %s", row_list(d, &others));
	return row_ok(d, "libvirt runs no other hook");
}

/* The daemon's, for the hook is its child; and our own, who may be in its container. */
static const char *blindness(const struct doctor *d)
{
	const char *why = namespace_blindness_of(&d->host, d->libvirt.daemon.pid);

	return why ? why : namespace_blindness(&d->host);
}

struct row doctor_pid_namespace(const struct doctor *d)
{
	static const char fix[] = "start the container of libvirt with --pid=host and CAP_SYS_PTRACE, or "
				  "see pid-namespace in kvmshim.conf(5)";
	const char *why = blindness(d);

	if (!why)
		return row_ok(d, "the hook can see all processes of the host");
	if (d->ours.settings.hook.pid_namespace_warn || !doctor_needs_hook(d))
		return row_warn(d, fix, "the hook cannot see the processes of the host, because %s", why);
	return row_fail(d, fix, "the hook cannot see the processes of the host, because %s", why);
}
