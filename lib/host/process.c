/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/host.h"
#include "root.h"
#include "str.h"

#define CMDLINE_MAX (128 * 1024)

static const struct root real = { .prefix = "" };

/* ---- who ---- */

/* State and start time follow the name, which may hold blanks and parentheses (proc(5)). */
static struct process parse_stat(pid_t pid, const char *stat)
{
	const char *after = strrchr(stat, ')');
	unsigned long long start = 0;
	char state = 0;

	if (!after ||
	    sscanf(after + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			      "%*s %*s %llu",
		   &state, &start) != 2 ||
	    state == 'Z' || state == 'X')
		return (struct process){ 0 };
	return (struct process){ pid, start };
}

struct process process_now(struct arena *a, const struct root *r, pid_t pid)
{
	size_t len;
	char *stat;

	if (pid <= 0 ||
	    host_read(a, r, arena_printf(a, "/proc/%ld/stat", (long)pid), &stat, &len) < 0)
		return (struct process){ 0 };
	return parse_stat(pid, stat);
}

bool process_lives(struct arena *a, const struct root *r, struct process p)
{
	struct process now = process_now(a, r, p.pid);

	return now.pid && now.start == p.start;
}

struct process process_real(struct arena *a, pid_t pid)
{
	return process_now(a, &real, pid);
}

bool process_real_lives(struct arena *a, struct process p)
{
	return process_lives(a, &real, p);
}

/* ---- what ---- */

const char *process_command(struct arena *a, const struct root *r, pid_t pid)
{
	size_t len;
	char *text;

	if (host_read(a, r, arena_printf(a, "/proc/%ld/comm", (long)pid), &text, &len) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool is_unit(const char *name)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_ends(name, kinds[i]))
			return true;
	return false;
}

/* cgroup v2's line is "0::PATH", v1's for systemd "N:name=systemd:PATH" (cgroups(7)). */
const char *process_unit(struct arena *a, const struct root *r, pid_t pid)
{
	const char *unit = NULL;
	char *text, *line, *save = NULL;
	size_t len;

	if (host_read(a, r, arena_printf(a, "/proc/%ld/cgroup", (long)pid), &text, &len) < 0)
		return NULL;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *inner = NULL, *part;

		if (!str_starts(line, "0::") && !strstr(line, ":name=systemd:"))
			continue;
		for (part = strtok_r(line, "/", &inner); part; part = strtok_r(NULL, "/", &inner))
			if (is_unit(part))
				unit = part;
	}
	return unit;
}

const char *process_boot_id(struct arena *a, const struct root *r)
{
	size_t len;
	char *text;

	if (host_read(a, r, "/proc/sys/kernel/random/boot_id", &text, &len) < 0)
		return "";
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* ---- whose ---- */

/* Words end in NUL; a number of bytes, 0 where there are none or it may not be read. */
static size_t read_cmdline(int proc, const char *pid, char *buf, size_t size)
{
	char path[300];
	_cleanup_fd_ int fd = -1;
	size_t len = 0;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/cmdline", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && len + 1 < size && (got = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)got;
	buf[len] = '\0';
	return len;
}

static bool has_uuid(const char *words, size_t len, const char *uuid)
{
	static const char option[] = "-uuid";
	const char *end = words + len;

	/* the NUL of the option ends its word, as one before it begins it */
	for (const char *at = words;
	     (at = memmem(at, (size_t)(end - at), option, sizeof(option))); at += sizeof(option)) {
		const char *start = at > words && at[-1] == '-' ? at - 1 : at;

		if ((start == words || start[-1] == '\0') &&
		    strcasecmp(at + sizeof(option), uuid) == 0)
			return true;
	}
	return false;
}

static int open_proc(struct arena *a, const struct root *r)
{
	return open(root_path(a, r, "/proc"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool process_has_uuid(struct arena *a, const struct root *r, pid_t pid, const char *uuid)
{
	_cleanup_fd_ int proc = open_proc(a, r);
	char *words = arena_raw(a, CMDLINE_MAX);

	return proc >= 0 && pid > 0 &&
	       has_uuid(words,
			read_cmdline(proc, arena_printf(a, "%ld", (long)pid), words, CMDLINE_MAX),
			uuid);
}

/* The processes' numbers; closedir() closes the descriptor too. */
static DIR *open_processes(struct arena *a, const struct root *r)
{
	int fd = open_proc(a, r);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static const char *next_process(DIR *d)
{
	struct dirent *e;

	while ((e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			return e->d_name;
	return NULL;
}

struct process process_of_uuid(struct arena *a, const struct root *r, const char *uuid)
{
	struct process found = { 0 };
	char *words = arena_raw(a, CMDLINE_MAX);
	DIR *d = open_processes(a, r);
	const char *pid;

	while (d && !found.pid && (pid = next_process(d)))
		if (has_uuid(words, read_cmdline(dirfd(d), pid, words, CMDLINE_MAX), uuid))
			found = process_now(a, r, (pid_t)atol(pid));
	if (d)
		closedir(d);
	return found;
}

/* ---- who has what open ---- */

struct scan {
	struct arena *arena;
	const struct root *root;
	const struct nodes *nodes;
	struct holders *out;
};

static const struct node *node_of(const struct nodes *nodes, const struct statx *st)
{
	bool block = S_ISBLK(st->stx_mode);
	dev_t dev = makedev(st->stx_rdev_major, st->stx_rdev_minor);

	if (!block && !S_ISCHR(st->stx_mode))
		return NULL;
	for (size_t i = 0; i < nodes->n; i++)
		if (nodes->v[i].dev == dev && nodes->v[i].block == block)
			return &nodes->v[i];
	return NULL;
}

static bool is_known(const struct holders *h, pid_t pid, const struct node *node)
{
	for (size_t i = h->n; i-- > 0 && h->v[i].process.pid == pid;)
		if (h->v[i].node == node)
			return true;
	return false;
}

static void add_holder(struct scan *s, pid_t pid, const struct node *node)
{
	const char *command;

	if (is_known(s->out, pid, node))
		return;
	command = process_command(s->arena, s->root, pid);
	*arena_push(s->arena, s->out->v, s->out->n, s->out->cap) = (struct holder){
		.process = process_now(s->arena, s->root, pid),
		.command = command ? command : "a process",
		.unit = process_unit(s->arena, s->root, pid),
		.node = node,
	};
}

/* AT_STATX_DONT_SYNC: what is cached is enough; a server that is gone is not waited for. */
static void scan_process(struct scan *s, int proc, const char *pid)
{
	char path[300];
	struct dirent *e;
	DIR *d;
	int fd;

	snprintf(path, sizeof(path), "%s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (e = readdir(d))) {
		const struct node *node;
		struct statx st;

		if (!isdigit((unsigned char)e->d_name[0]) ||
		    statx(fd, e->d_name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) < 0)
			continue;
		node = node_of(s->nodes, &st);
		if (node)
			add_holder(s, (pid_t)atol(pid), node);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

void holders_find(struct arena *a, const struct root *r, const struct nodes *nodes,
		  struct holders *h)
{
	struct scan s = { a, r, nodes, h };
	DIR *d = open_processes(a, r);
	const char *pid;

	while (d && (pid = next_process(d)))
		if (atol(pid) != (long)getpid() || *r->prefix)
			scan_process(&s, dirfd(d), pid);
	if (d)
		closedir(d);
}
