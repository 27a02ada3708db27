/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/vmprocess.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/host.h"
#include "host/process/credentials.h"
#include "root.h"
#include "str.h"

/* The longest single word that execve(2) takes (MAX_ARG_STRLEN): -uuid stands early. */
#define CMDLINE_MAX (128 * 1024)

/* A process that is looked at. error: errno of what could not be, although it may be there. */
struct look {
	struct host host;
	int proc;
	const char *pid;
	int error;
};

/* A process that has ended hides nothing; a user who is not root is denied much, and only asks. */
static void failed(struct look *l, int error)
{
	if (error == ENOENT || error == ESRCH)
		return;
	if (geteuid() == 0 || (error != EACCES && error != EPERM))
		l->error = error;
}

/* buf is NUL-terminated. Returns its length, 0 for a kernel thread or a process that has ended. */
static size_t file_read(struct look *l, const char *name, char *buf, size_t size)
{
	char path[NAME_MAX + sizeof("/cmdline")];
	size_t len = 0;
	ssize_t got = 1;

	snprintf(path, sizeof(path), "%s/%s", l->pid, name);
	_cleanup_fd_ int fd = openat(l->proc, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	while (fd >= 0 && len < size && got > 0) {
		got = read(fd, buf + len, size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0)
		failed(l, errno);
	buf[len] = '\0';
	return len;
}

/* Is the option at p a word of its own, with one dash or two? QEMU takes both (lookup_opt()). */
static bool is_word(const char *buf, const char *p)
{
	if (p > buf && p[-1] == '-')
		p--;
	return p == buf || p[-1] == '\0';
}

/* The word behind the next word `option`, of size bytes with its NUL, at or behind `from`; or NULL. */
static const char *word_next(const char *buf, size_t len, const char *from, const char *option,
			     size_t size)
{
	const char *p = from, *end = buf + len;

	while ((p = memmem(p, (size_t)(end - p), option, size))) {
		const char *value = p + size;

		if (is_word(buf, p))
			return value;
		p = value;
	}
	return NULL;
}

static const char *uuid_next(const char *buf, size_t len, const char *from)
{
	return word_next(buf, len, from, "-uuid", sizeof("-uuid"));
}

/* The uuid= of a type=1: what QEMU takes without -uuid, as the VMs of Proxmox have it; or NULL. */
static const char *smbios_uuid(struct arena *a, const char *value)
{
	const char *uuid = NULL, *type = "";

	for (size_t len; *value; value += len + (value[len] == ',')) {
		len = strcspn(value, ",");
		if (str_starts(value, "type="))
			type = arena_strndup(a, value + 5, len - 5);
		else if (str_starts(value, "uuid="))
			uuid = arena_strndup(a, value + 5, len - 5);
	}
	return strtoul(type, NULL, 0) == 1 ? uuid : NULL;
}

/* All that the words of a command line name; of -smbios the last, and none if it has -uuid. */
static void uuids_of(struct arena *a, const char *buf, size_t len, struct strv *uuids)
{
	static const char smbios[] = "-smbios";
	const char *value = buf, *last = NULL;

	while ((value = uuid_next(buf, len, value)))
		strv_push(a, uuids, arena_strdup(a, value));
	for (value = buf; !uuids->n && (value = word_next(buf, len, value, smbios, sizeof(smbios)));) {
		const char *uuid = smbios_uuid(a, value);

		last = uuid ? uuid : last;
	}
	if (last)
		strv_push(a, uuids, last);
}

static int proc_open(const struct host *host)
{
	return open(root_path(host, "/proc"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool process_has_uuid(const struct host *host, pid_t pid, const char *uuid)
{
	_cleanup_fd_ int proc = proc_open(host);
	char *buf = arena_raw(host->arena, CMDLINE_MAX + 1);
	struct look l = { *host, proc, arena_printf(host->arena, "%d", (int)pid), 0 };
	size_t len = proc < 0 ? 0 : file_read(&l, "cmdline", buf, CMDLINE_MAX);
	struct strv uuids = { 0 };

	uuids_of(host->arena, buf, len, &uuids);
	for (size_t i = 0; i < uuids.n; i++)
		if (strcasecmp(uuids.v[i], uuid) == 0)
			return true;
	return false;
}

/* ---- named like QEMU ---- */

/* A program of kvmshim is not QEMU, except the wrapper before it becomes QEMU. */
static bool is_ours(const char *name)
{
	return str_starts(name, "kvmshim") && !str_starts(name, "kvmshim-wrapper");
}

static bool is_like_qemu(const char *name)
{
	return strstr(name, "qemu") || (strstr(name, "kvm") && !is_ours(name));
}

/* Of the program it runs: its last part. An upgrade of QEMU leaves "NAME (deleted)". */
static const char *exe_name(struct look *l, char *buf, size_t size)
{
	char path[NAME_MAX + sizeof("/exe")];
	const char *slash;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/exe", l->pid);
	len = readlinkat(l->proc, path, buf, size - 1);
	buf[len > 0 ? len : 0] = '\0';
	slash = strrchr(buf, '/');
	return slash ? slash + 1 : buf;
}

/*
 * Reading a command line takes the lock of the process's memory (proc_pid_cmdline_read()),
 * which one that is stuck in a page fault of a device holds for ever: only that of a
 * QEMU is read. comm takes none, and exe neither. QEMU's own -name process=… changes comm.
 */
static bool is_named_like_qemu(struct look *l)
{
	char comm[32], exe[PATH_MAX];

	comm[0] = '\0';
	file_read(l, "comm", comm, sizeof(comm) - 1);
	return is_like_qemu(comm) || is_like_qemu(exe_name(l, exe, sizeof(exe)));
}

/* ---- whose ---- */

/*
 * Not the name alone: the program itself, which the link leads to also in another mount
 * namespace and after an upgrade, must be one that root has put there. What root runs may be
 * anybody's, but no setuid program: sudo(8) has all four user ids of root while it asks the user
 * for a password.
 */
static bool runs_emulator(struct look *l, uid_t uid)
{
	char path[NAME_MAX + sizeof("/exe")], exe[PATH_MAX];
	const char *name = exe_name(l, exe, sizeof(exe));
	struct stat st;

	if (!*name)
		return uid == 0; /* unknown: the name of the process has to do */
	if (!is_like_qemu(name))
		return false;
	snprintf(path, sizeof(path), "%s/exe", l->pid);
	if (fstatat(l->proc, path, &st, 0) < 0) {
		failed(l, errno);
		return false;
	}
	if (st.st_mode & (S_ISUID | S_ISGID))
		return false;
	return uid == 0 || (st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH)));
}

/* Fills in who the process is; false for one that cannot be libvirt's QEMU. */
static bool read_evidence(struct look *l, struct uuid_process *p)
{
	char text[16384];

	if (!file_read(l, "status", text, sizeof(text) - 1) ||
	    !credentials_same_uid(text, &p->uid) || credentials_is_nested(text))
		return false;
	file_read(l, "cgroup", text, sizeof(text) - 1);
	credentials_cgroup(text, &p->cgroup_anywhere, &p->cgroup);
	p->emulator = runs_emulator(l, p->uid);
	return true;
}

bool process_is_vm(const struct uuid_process *p, struct vm_user user)
{
	if (p->uid == 0)
		return p->emulator || p->cgroup;
	if (!user.known)
		return p->cgroup;
	return p->uid == user.uid && (p->cgroup_anywhere || p->emulator);
}

/* ---- all processes ---- */

static void add_uuids(struct look *l, pid_t pid, const char *buf, size_t len,
		      struct uuid_processes *found)
{
	struct uuid_process p = { .process.pid = pid };
	struct strv uuids = { 0 };

	uuids_of(l->host.arena, buf, len, &uuids);
	if (!uuids.n || !read_evidence(l, &p))
		return;
	p.process = process_now(&l->host, pid);
	if (!p.process.pid && !process_has_ended(&l->host, pid))
		failed(l, EIO);
	for (size_t i = 0; p.process.pid && i < uuids.n; i++) {
		p.uuid = uuids.v[i];
		*arena_push(l->host.arena, found->v, found->n, found->cap) = p;
	}
}

static void look_at(const struct host *host, int proc, const char *name, char *buf,
		    struct uuid_processes *found)
{
	struct look l = { *host, proc, name, 0 };
	pid_t pid = (pid_t)strtol(name, NULL, 10);

	if (pid <= 0 || process_is_self(&host->root, pid))
		return;
	if (is_named_like_qemu(&l))
		add_uuids(&l, pid, buf, file_read(&l, "cmdline", buf, CMDLINE_MAX), found);
	if (l.error && !found->error && !process_has_ended(host, pid)) {
		found->unseen = process_now(host, pid);
		found->unseen.pid = pid;
		found->error = l.error;
	}
}

void process_uuids(const struct host *host, struct uuid_processes *found)
{
	char *buf = arena_raw(host->arena, CMDLINE_MAX + 1);
	DIR *proc = opendir(root_path(host, "/proc"));
	int error = proc ? 0 : errno;
	struct dirent *d;

	while (proc && (errno = 0, d = readdir(proc)))
		look_at(host, dirfd(proc), d->d_name, buf, found);
	if (proc) {
		error = errno;
		closedir(proc);
	}
	if (error && !found->error)
		found->error = error;
}

struct process process_with_uuid(const struct uuid_processes *found, const char *uuid,
				 struct vm_user user)
{
	for (size_t i = 0; i < found->n; i++)
		if (strcasecmp(found->v[i].uuid, uuid) == 0 && process_is_vm(&found->v[i], user))
			return found->v[i].process;
	return (struct process){ 0 };
}

struct process process_of_uuid(const struct host *host, const char *uuid, struct vm_user user)
{
	struct uuid_processes found = { 0 };

	process_uuids(host, &found);
	return process_with_uuid(&found, uuid, user);
}

struct process process_of_domain(const struct host *host, const char *name, const char *uuid,
				 struct vm_user user)
{
	const char *path = arena_printf(host->arena, "/run/libvirt/qemu/%s.pid", name);
	size_t len;
	char *text;
	pid_t pid = 0;

	if (host_read(host, path, &text, &len) == 0)
		pid = (pid_t)strtol(text, NULL, 10);
	if (pid > 0 && process_has_uuid(host, pid, uuid))
		return process_now(host, pid);
	return process_of_uuid(host, uuid, user);
}
