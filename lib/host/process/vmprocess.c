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
#include "root.h"
#include "str.h"

/* The longest single word that execve(2) takes (MAX_ARG_STRLEN): -uuid stands early. */
#define CMDLINE_MAX (128 * 1024)

/* buf is NUL-terminated. Returns its length, 0 for a kernel thread or a process that has ended. */
static size_t cmdline_read(int proc, const char *pid, char *buf)
{
	char path[NAME_MAX + sizeof("/cmdline")];
	size_t len = 0;
	ssize_t got = 1;

	stpcpy(stpcpy(path, pid), "/cmdline");
	_cleanup_fd_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	while (fd >= 0 && len < CMDLINE_MAX && got > 0) {
		got = read(fd, buf + len, CMDLINE_MAX - len);
		len += got > 0 ? (size_t)got : 0;
	}
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

/* The word behind the next word -uuid at or behind `from`; NULL if the buffer has none. */
static const char *uuid_next(const char *buf, size_t len, const char *from)
{
	static const char option[] = "-uuid";
	const char *p = from, *end = buf + len;

	while ((p = memmem(p, (size_t)(end - p), option, sizeof(option)))) {
		const char *value = p + sizeof(option);

		if (is_word(buf, p))
			return value;
		p = value;
	}
	return NULL;
}

static int proc_open(const struct host *host)
{
	return open(root_path(host, "/proc"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool process_has_uuid(const struct host *host, pid_t pid, const char *uuid)
{
	_cleanup_fd_ int proc = proc_open(host);
	char *buf = arena_raw(host->arena, CMDLINE_MAX + 1);
	size_t len =
		proc < 0 ? 0 : cmdline_read(proc, arena_printf(host->arena, "%d", (int)pid), buf);
	const char *value = buf;

	while ((value = uuid_next(buf, len, value)))
		if (strcasecmp(value, uuid) == 0)
			return true;
	return false;
}

/* A small file of a process, cut at its first newline; "" if it cannot be read. */
static void small_read(int proc, const char *pid, const char *name, char *buf, size_t size)
{
	char path[NAME_MAX + 32];
	ssize_t got;

	snprintf(path, sizeof(path), "%s/%s", pid, name);
	_cleanup_fd_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	got = fd < 0 ? 0 : read(fd, buf, size - 1);
	buf[got > 0 ? got : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* A program of kvmshim is not QEMU, except the wrapper before it becomes QEMU. */
static bool is_ours(const char *comm)
{
	return str_starts(comm, "kvmshim") && !str_eq(comm, "kvmshim-wrapper");
}

/*
 * Reading a command line takes the lock of the process's memory (proc_pid_cmdline_read()),
 * which one that is stuck in a page fault of a device holds for ever: only that of a
 * QEMU is read. comm takes none. A domain's <emulator> may be kvmshim-wrapper's link.
 */
static bool is_named_like_qemu(int proc, const char *pid)
{
	char comm[32];

	small_read(proc, pid, "comm", comm, sizeof(comm));
	return strstr(comm, "qemu") || (strstr(comm, "kvm") && !is_ours(comm));
}

#define NO_LOGIN "4294967295" /* AUDIT_UID_UNSET of linux/audit.h */

/*
 * Any user may run a program of that name with those words. The libvirt daemon starts its
 * QEMUs under another user's id, but without a login. A program that a logged-in user
 * starts keeps that user's loginuid, which the user cannot change (audit_set_loginuid() of
 * kernel/audit.c), also as another user. The directory is owned by the process's effective
 * user (task_dump_owner()). In a kernel without audit this is unknown.
 */
static bool may_be_libvirts(int proc, const char *pid)
{
	char login[32];
	struct stat st;

	if (fstatat(proc, pid, &st, 0) == 0 && st.st_uid == 0)
		return true;
	small_read(proc, pid, "loginuid", login, sizeof(login));
	return !*login || strcmp(login, NO_LOGIN) == 0;
}

/* A process that ends during the look has no UUID. */
static void add_uuids(const struct host *host, pid_t pid, const char *buf, size_t len,
		      struct uuid_processes *found)
{
	const char *value = uuid_next(buf, len, buf);
	struct process p = value ? process_now(host, pid) : (struct process){ 0 };

	for (; p.pid && value; value = uuid_next(buf, len, value))
		*arena_push(host->arena, found->v, found->n, found->cap) =
			(struct uuid_process){ p, arena_strdup(host->arena, value) };
}

void process_uuids(const struct host *host, struct uuid_processes *found)
{
	char *buf = arena_raw(host->arena, CMDLINE_MAX + 1);
	DIR *proc = opendir(root_path(host, "/proc"));
	struct dirent *d;

	while (proc && (d = readdir(proc))) {
		pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);

		if (pid > 0 && !process_is_self(&host->root, pid) &&
		    is_named_like_qemu(dirfd(proc), d->d_name) &&
		    may_be_libvirts(dirfd(proc), d->d_name))
			add_uuids(host, pid, buf, cmdline_read(dirfd(proc), d->d_name, buf), found);
	}
	if (proc)
		closedir(proc);
}

struct process process_with_uuid(const struct uuid_processes *found, const char *uuid)
{
	for (size_t i = 0; i < found->n; i++)
		if (strcasecmp(found->v[i].uuid, uuid) == 0)
			return found->v[i].process;
	return (struct process){ 0 };
}

struct process process_of_uuid(const struct host *host, const char *uuid)
{
	struct uuid_processes found = { 0 };

	process_uuids(host, &found);
	return process_with_uuid(&found, uuid);
}
