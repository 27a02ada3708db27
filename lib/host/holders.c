/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "root.h"

/*
 * One statx(2) for each open file of the machine is all that most of them cost;
 * only who holds something is asked for its name.
 */
struct scan {
	struct arena *arena;
	const struct root *root;
	struct opens *found;
	pid_t pid;    /* the process that is looked at */
	size_t first; /* its first in found */
	bool denied;  /* not all that it has open could be seen */
};

static bool is_found(const struct scan *s, dev_t dev, bool block)
{
	for (size_t i = s->first; i < s->found->n; i++)
		if (s->found->v[i].dev == dev && s->found->v[i].block == block)
			return true;
	return false;
}

static void found_add(struct scan *s, const struct statx *st)
{
	dev_t dev = makedev(st->stx_rdev_major, st->stx_rdev_minor);
	bool block = S_ISBLK(st->stx_mode);

	if (!block && !S_ISCHR(st->stx_mode))
		return;
	if (!is_found(s, dev, block))
		*arena_push(s->arena, s->found->v, s->found->n, s->found->cap) =
			(struct open_device){ dev, block, s->pid };
}

/* One that has ended in between has nothing open any more. */
static void hidden_add(struct scan *s)
{
	struct opens *o = s->found;

	if (process_now(s->arena, s->root, s->pid).pid)
		*arena_push(s->arena, o->hidden, o->n_hidden, o->hidden_cap) = s->pid;
}

/*
 * Root may see all there is, but for a security module or a capability that it lacks
 * (ptrace_may_access()). Whoever is not root only rehearses.
 */
static bool is_denial(int error)
{
	return (error == EACCES || error == EPERM) && geteuid() == 0;
}

/* A file of a user's FUSE is denied to root too (fuse_allow_current_process()): its link is not. */
static bool is_link_denied(int fd, const char *name)
{
	char to[1];

	return is_denial(errno) && readlinkat(fd, name, to, sizeof(to)) < 0 && is_denial(errno);
}

/*
 * The links in fd/ lead to what is open itself, whatever its path, namespace or
 * container (proc(5)). No attribute is fetched from a server for it.
 */
static void look_at(struct scan *s, int fd, const char *name)
{
	struct statx st;

	if (statx(fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0)
		found_add(s, &st);
	else
		s->denied |= is_link_denied(fd, name);
}

/*
 * The entries of a folder that are numbers. opendir(3) and its kin make three more calls
 * for each folder, of which there is one a process.
 */
struct numbers {
	int fd;
	long len, at;
	_Alignas(struct dirent64) char buf[4096];
};

static const char *numbers_next(struct numbers *n)
{
	const struct dirent64 *d;

	do {
		if (n->at >= n->len) {
			n->len = syscall(SYS_getdents64, n->fd, n->buf, sizeof(n->buf));
			n->at = 0;
		}
		if (n->len <= 0)
			return NULL;
		d = (const void *)(n->buf + n->at);
		n->at += d->d_reclen;
	} while (!isdigit((unsigned char)d->d_name[0]));
	return d->d_name;
}

static int open_folder(struct scan *s, int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	s->denied |= fd < 0 && is_denial(errno);
	return fd;
}

/* false if nothing is open there, or it is not to be seen. */
static bool look_into(struct scan *s, int at, const char *path)
{
	_cleanup_fd_ int fd = open_folder(s, at, path);
	struct numbers n;
	const char *name;
	bool any = false;

	n.fd = fd, n.len = n.at = 0;
	while (fd >= 0 && (name = numbers_next(&n))) {
		look_at(s, fd, name);
		any = true;
	}
	return any;
}

/*
 * A process whose first thread has ended shows nothing in its own fd/ while other
 * threads still hold all of it: a killed QEMU is like that until the last one has gone.
 * A folder's link count is 2 and one for each thread (proc_task_getattr() of
 * fs/proc/base.c), so that the many kernel threads, which have nothing open, cost little.
 */
static void look_at_threads(struct scan *s, int proc, const char *task)
{
	_cleanup_fd_ int fd = -1;
	struct numbers n;
	const char *name;
	struct stat st;

	if (fstatat(proc, task, &st, 0) < 0 || st.st_nlink <= 3)
		return;
	fd = open_folder(s, proc, task);
	n.fd = fd, n.len = n.at = 0;
	while (fd >= 0 && (name = numbers_next(&n))) {
		char path[NAME_MAX + sizeof("/fd")];

		stpcpy(stpcpy(path, name), "/fd");
		look_into(s, fd, path);
	}
}

static void look_at_process(struct scan *s, int proc, const char *pid)
{
	char path[NAME_MAX + sizeof("/task")];
	char *end = stpcpy(path, pid);

	s->pid = (pid_t)strtol(pid, NULL, 10);
	s->first = s->found->n;
	s->denied = false;
	if (s->pid <= 0 || process_is_self(s->root, s->pid))
		return;
	stpcpy(end, "/fd");
	if (!look_into(s, proc, path)) {
		stpcpy(end, "/task");
		look_at_threads(s, proc, path);
	}
	if (s->denied)
		hidden_add(s);
}

void opens_read(struct arena *a, const struct root *r, struct opens *o)
{
	struct scan s = { .arena = a, .root = r, .found = o };
	DIR *proc = opendir(root_path(a, r, "/proc"));
	struct dirent *d;

	if (!proc)
		return;
	while ((d = readdir(proc)))
		look_at_process(&s, dirfd(proc), d->d_name);
	closedir(proc);
}

/* ---- whose they are ---- */

static int compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (int)x->block - (int)y->block;
}

/* A copy, sorted; the same node may be in it twice. */
static struct nodes nodes_sorted(struct arena *a, const struct nodes *nodes)
{
	struct nodes sorted = { .n = nodes->n };

	sorted.v = arena_raw(a, nodes->n * sizeof(*sorted.v));
	memcpy(sorted.v, nodes->v, nodes->n * sizeof(*sorted.v));
	qsort(sorted.v, sorted.n, sizeof(*sorted.v), compare);
	return sorted;
}

static struct holder who(struct arena *a, const struct root *r, pid_t pid)
{
	const char *command = process_command(a, r, pid);
	struct holder h = {
		.process = process_now(a, r, pid),
		.command = command ? command : "a process",
		.unit = process_unit(a, r, pid),
	};

	h.process.pid = pid;
	return h;
}

/* Those of one process stand together: it is asked for its name once. */
static void holder_add(struct arena *a, const struct root *r, struct holders *h, pid_t pid,
		       const struct node *node)
{
	bool known = h->n && h->v[h->n - 1].process.pid == pid;
	struct holder new = known ? h->v[h->n - 1] : who(a, r, pid);

	new.node = node;
	*arena_push(a, h->v, h->n, h->cap) = new;
}

void opens_holders(struct arena *a, const struct root *r, const struct opens *o,
		   const struct nodes *nodes, struct holders *h)
{
	struct nodes sorted;

	if (!nodes->n)
		return;
	sorted = nodes_sorted(a, nodes);
	for (size_t i = 0; i < o->n; i++) {
		struct node key = { .dev = o->v[i].dev, .block = o->v[i].block };
		const struct node *hit =
			bsearch(&key, sorted.v, sorted.n, sizeof(*sorted.v), compare);

		if (hit)
			holder_add(a, r, h, o->v[i].pid, hit);
	}
	for (size_t i = 0; i < o->n_hidden; i++)
		*arena_push(a, h->hidden, h->n_hidden, h->hidden_cap) = who(a, r, o->hidden[i]);
}
