/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt: does it call the hook, and what keeps hook, wrapper and QEMU from what they need? */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/doctor.h"
#include "file.h"
#include "hooks/hook.h"
#include "host/sysfs.h"
#include "root.h"

#define HOOKS "/etc/libvirt/hooks"
#define HOOK_PROGRAM "kvmshim-hook"
/* qemu.d and its kin */
#define FOLDERS_SINCE 6005000

static const char *here(const struct doctor *d, const char *path)
{
	return root_path(d->arena, d->root, path);
}

static bool knows_folders(const struct doctor *d)
{
	return !d->libvirt.version || d->libvirt.number >= FOLDERS_SINCE;
}

struct row doctor_libvirt(const struct doctor *d)
{
	const struct libvirt *l = &d->libvirt;
	const char *state = l->daemon.pid ? arena_printf(d->arena, "runs (pid %ld)", (long)l->daemon.pid) :
					    "does not run";

	if (!l->program)
		return row_ok(d, "there is none here");
	if (!l->version)
		return row_warn(d, NULL, "%s does not tell its version", l->program);
	if (!knows_folders(d))
		return row_warn(d, "upgrade libvirt to 6.5 or later",
				"%s %s knows one hook for QEMU only, " HOOKS "/qemu", l->program,
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
	const char *slash = strrchr(path, '/'), *target = sysfs_link(d->arena, d->root, path);

	return target ? str_eq(target, HOOK_PROGRAM) : strstr(slash, "kvmshim") != NULL;
}

/* false: nothing is there, not even a link that leads nowhere. */
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

static void find_hooks(const struct doctor *d, struct hook_files *out)
{
	struct strv names = { 0 };
	struct hook_file h;

	if (look_at_hook(d, HOOKS "/qemu", &h))
		*arena_push(d->arena, out->v, out->n, out->cap) = h;
	sysfs_list(d->arena, d->root, HOOKS "/qemu.d", &names);
	for (size_t i = 0; i < names.n; i++)
		if (!hook_is_backup(names.v[i]) &&
		    look_at_hook(d, arena_printf(d->arena, HOOKS "/qemu.d/%s", names.v[i]), &h))
			*arena_push(d->arena, out->v, out->n, out->cap) = h;
}

static const struct hook_file *our_hook(const struct hook_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].ours)
			return &files->v[i];
	return NULL;
}

/* Does the hook have to bind anything here? */
static bool is_needed(const struct doctor *d)
{
	if (doctor_has_rule(d, verb_is_granted))
		return true;
	for (size_t i = 0; i < d->n_domains; i++)
		for (size_t k = 0; k < d->domains[i].xml.n; k++)
			if (!d->domains[i].xml.hostdevs[k].managed)
				return true;
	return false;
}

static const struct handed *journal_of(const struct doctor *d, const char *uuid)
{
	for (size_t i = 0; i < d->handed.n; i++)
		if (str_eq(d->handed.v[i].uuid, uuid))
			return &d->handed.v[i];
	return NULL;
}

/* A domain that was started when the hook was there, and has no journal; NULL: none. */
static const char *uncalled_for(const struct doctor *d, const struct hook_file *h)
{
	for (size_t i = 0; i < d->n_domains && !d->handed_unseen; i++) {
		const struct defined *one = &d->domains[i];
		const char *pid = arena_printf(d->arena, "/run/libvirt/qemu/%s.pid", one->name);
		struct stat st;

		if (one->xml.uuid && stat(here(d, pid), &st) == 0 &&
		    st.st_mtim.tv_sec > h->link.st_ctim.tv_sec && !journal_of(d, one->xml.uuid))
			return one->name;
	}
	return NULL;
}

static bool was_called_by_daemon(const struct doctor *d)
{
	for (size_t i = 0; i < d->handed.n; i++)
		if (!d->handed.v[i].problem &&
		    d->handed.v[i].journal.daemon.pid == d->libvirt.daemon.pid)
			return true;
	return false;
}

static struct row judge_seen(const struct doctor *d, const struct hook_file *h)
{
	const struct libvirt *l = &d->libvirt;
	const char *not_for = uncalled_for(d, h),
		   *reload = arena_printf(d->arena, "systemctl reload %s", doctor_daemon_unit(d));

	if (not_for)
		return row_fail(d, reload, "%s is there, and libvirt did not call it when %s was started",
				h->path, not_for);
	if (l->daemon.pid && h->link.st_ctim.tv_sec > l->started + 1 && l->started &&
	    !was_called_by_daemon(d))
		return row_warn(d, reload,
				"%s is newer than libvirt's daemon, which looks for hooks when it "
				"starts; no VM was started since",
				h->path);
	return row_ok(d, "%s", h->path);
}

struct row doctor_hook(const struct doctor *d)
{
	static const char place[] = "kvmshim-place connect";
	struct hook_files files = { 0 };
	const struct hook_file *ours;

	if (!d->libvirt.program)
		return row_ok(d, "there is no libvirt to call it");
	if (doctor_hides(d, HOOKS))
		return row_unseen(d, HOOKS);
	find_hooks(d, &files);
	ours = our_hook(&files);
	if (!ours && is_needed(d))
		return row_fail(d, place, "libvirt has no hook of ours, and devices are to be handed over");
	if (!ours)
		return row_warn(d, place, "libvirt has no hook of ours");
	if (!ours->executable)
		return row_fail(d, "chmod 755 /usr/sbin/" HOOK_PROGRAM,
				"%s leads to nothing that can be run", ours->path);
	if (!knows_folders(d) && strstr(ours->path, "/qemu.d/"))
		return row_fail(d, "ln -s /usr/sbin/" HOOK_PROGRAM " " HOOKS "/qemu",
				"libvirt %s does not look into qemu.d", d->libvirt.version);
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
		return row_warn(d, "see that none of them binds, unbinds or calls virsh: two hooks would fight",
				"libvirt runs these too: %s", row_list(d, &others));
	return row_ok(d, "libvirt runs no hook of anybody else");
}

/* ---- confinement ---- */

/* May libvirt confine VMs by this driver? With no setting it takes what the host has. */
static bool uses_driver(const struct doctor *d, const char *name)
{
	const struct strv *set = &d->libvirt.conf.security;

	return !set->n || strv_has(set, name);
}

static const char *text_of(const struct doctor *d, const char *path)
{
	struct file file = { 0 };

	if (file_read_any(d->arena, here(d, path), &file, NULL) < 0 || !file.text)
		return "";
	return file.text;
}

#define APPARMOR "/etc/apparmor.d"
#define LOCAL APPARMOR "/local/abstractions/libvirt-qemu"
#define SNIPPET "abstractions/libvirt-qemu.d/kvmshim"

/* By the file that kvmshim-place connects, or by lines of the admin's own. */
static bool profile_knows_us(const struct doctor *d)
{
	const char *local = text_of(d, LOCAL);

	if (strstr(local, "/etc/kvmshim"))
		return true;
	return sysfs_has(d->arena, d->root, APPARMOR "/" SNIPPET) &&
	       (strstr(text_of(d, APPARMOR "/abstractions/libvirt-qemu"), "<abstractions/libvirt-qemu.d>") ||
		strstr(local, SNIPPET));
}

/* The hook is confined like the daemon, and has to see what other processes have open. */
static const char *blind_profile(const struct doctor *d)
{
	static const char *const names[] = { "usr.sbin.libvirtd", "usr.sbin.virtqemud" };

	for (size_t i = 0; i < 2; i++) {
		const char *local = arena_printf(d->arena, APPARMOR "/local/%s", names[i]);

		if (sysfs_has(d->arena, d->root, arena_printf(d->arena, APPARMOR "/%s", names[i])) &&
		    !strstr(text_of(d, local), "ptrace"))
			return local;
	}
	return NULL;
}

struct row doctor_apparmor(const struct doctor *d)
{
	const char *blind = blind_profile(d);

	if (!d->confinement.apparmor)
		return row_ok(d, "the kernel does not use it");
	if (d->libvirt.conf_unseen)
		return row_unseen(d, QEMUCONF);
	if (uses_driver(d, "apparmor") && doctor_has_wrapper(d) &&
	    sysfs_has(d->arena, d->root, APPARMOR "/abstractions/libvirt-qemu") && !profile_knows_us(d))
		return row_fail(d, "kvmshim-place connect",
				"the profile of VMs lets no wrapper read rules and run the real QEMU");
	if (blind && is_needed(d))
		return row_warn(d,
				arena_printf(d->arena,
					     "echo 'ptrace (read),' >>%s, then apparmor_parser -r "
					     APPARMOR "/%s",
					     blind, strrchr(blind, '/') + 1),
				"the hook may not see who has a device open, and takes it for in use");
	return row_ok(d, "%s", uses_driver(d, "apparmor") ? "the profiles know wrapper and hook" :
							    "libvirt does not use it for VMs");
}

static bool label_of(const char *path, char *label, size_t size)
{
	ssize_t len = getxattr(path, "security.selinux", label, size - 1);

	label[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* A wrapper with another label than its QEMU: the domain of VMs cannot be entered by it. */
static const struct emulator *mislabelled(const struct doctor *d)
{
	char front[256], real[256];

	for (size_t i = 0; i < d->n_emulators; i++) {
		const struct emulator *e = &d->emulators[i];

		if (e->place == PLACE_FRONT && e->real &&
		    label_of(here(d, e->path), front, sizeof(front)) &&
		    label_of(e->real, real, sizeof(real)) && !str_eq(front, real))
			return e;
	}
	return NULL;
}

#define POLICIES "/var/lib/selinux"

/* Is the policy module that lets the wrapper run the real QEMU missing from all policies here? */
static bool lacks_module(const struct doctor *d)
{
	struct strv policies = { 0 };
	bool seen = false;

	sysfs_list(d->arena, d->root, POLICIES, &policies);
	for (size_t i = 0; i < policies.n; i++) {
		const char *modules =
			arena_printf(d->arena, POLICIES "/%s/active/modules", policies.v[i]);
		struct strv priorities = { 0 };

		sysfs_list(d->arena, d->root, modules, &priorities);
		for (size_t k = 0; k < priorities.n; k++)
			if (sysfs_has(d->arena, d->root,
				      arena_printf(d->arena, "%s/%s/kvmshim", modules,
						   priorities.v[k])))
				return false;
		seen = seen || priorities.n;
	}
	return seen;
}

struct row doctor_selinux(const struct doctor *d)
{
	int hooks = confinement_boolean(d->arena, d->root, "virt_hooks_unconfined");
	const struct emulator *wrong = mislabelled(d);

	if (!d->confinement.selinux)
		return row_ok(d, "the kernel does not use it");
	if (!d->confinement.enforces)
		return row_ok(d, "it is permissive");
	if (hooks == 0)
		return row_fail(d, "setsebool -P virt_hooks_unconfined on",
				"virt_hooks_unconfined is off: the hook may not bind devices");
	if (wrong)
		return row_fail(d,
				arena_printf(d->arena, "chcon --reference=%s %s", wrong->real,
					     wrong->path),
				"%s has another label than the QEMU behind it", wrong->path);
	if (doctor_has_wrapper(d) && uses_driver(d, "selinux") && lacks_module(d))
		return row_warn(d, "semodule -i kvmshim.pp",
				"the policy module kvmshim is not there: VMs may not run the QEMU "
				"behind the wrapper");
	return row_ok(d, "it lets hook and wrapper work%s",
		      hooks > 0 ? " (virt_hooks_unconfined is on)" : "");
}
