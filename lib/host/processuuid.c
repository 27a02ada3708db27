/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "root.h"

/*
 * Which process is the QEMU of a domain? The one whose command line says so: libvirt
 * gives -uuid to each, and QEMU does not change its command line.
 */

/* The longest single word that execve(2) takes (MAX_ARG_STRLEN): -uuid stands early. */
#define CMDLINE_MAX (128 * 1024)

/* buf is NUL-terminated; how much there is, 0 for a kernel thread or one that is gone. */
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

static bool cmdline_has(const char *buf, size_t len, const char *uuid)
{
	static const char option[] = "-uuid";
	const char *p = buf, *end = buf + len;

	while ((p = memmem(p, (size_t)(end - p), option, sizeof(option)))) {
		const char *value = p + sizeof(option);

		if (is_word(buf, p) && strcasecmp(value, uuid) == 0)
			return true;
		p = value;
	}
	return false;
}

static int proc_open(struct arena *a, const struct root *r)
{
	return open(root_path(a, r, "/proc"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool process_has_uuid(struct arena *a, const struct root *r, pid_t pid, const char *uuid)
{
	_cleanup_fd_ int proc = proc_open(a, r);
	char *buf = arena_raw(a, CMDLINE_MAX + 1);
	size_t len = proc < 0 ? 0 : cmdline_read(proc, arena_printf(a, "%d", (int)pid), buf);

	return cmdline_has(buf, len, uuid);
}

/* One that ends while we look at it is none. */
static struct process find_in(struct arena *a, const struct root *r, DIR *proc, const char *uuid)
{
	char *buf = arena_raw(a, CMDLINE_MAX + 1);
	struct process p = { 0 };
	struct dirent *d;

	while (!p.pid && (d = readdir(proc))) {
		pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);
		size_t len = pid > 0 ? cmdline_read(dirfd(proc), d->d_name, buf) : 0;

		if (cmdline_has(buf, len, uuid) && !process_is_self(r, pid))
			p = process_now(a, r, pid);
	}
	return p;
}

struct process process_of_uuid(struct arena *a, const struct root *r, const char *uuid)
{
	DIR *proc = opendir(root_path(a, r, "/proc"));
	struct process p = { 0 };

	if (proc) {
		p = find_in(a, r, proc, uuid);
		closedir(proc);
	}
	return p;
}
