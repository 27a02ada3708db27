/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "root.h"

/*
 * One statx(2) for each open file of the machine is all that most of them cost;
 * only who holds something is asked for its name.
 */
struct wanted {
	dev_t dev;
	bool block;
	const struct node *node;
};

struct scan {
	struct arena *arena;
	const struct root *root;
	struct wanted *wanted; /* sorted */
	size_t n;
	struct holders *found;
	pid_t pid;    /* the process that is looked at */
	size_t first; /* its first in found */
	bool denied;  /* not all that it has open could be seen */
};

static int compare(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (int)x->block - (int)y->block;
}

static void wanted_sort(struct scan *s, const struct nodes *nodes)
{
	s->n = nodes->n;
	s->wanted = arena_raw(s->arena, nodes->n * sizeof(*s->wanted));
	for (size_t i = 0; i < nodes->n; i++) {
		const struct node *node = &nodes->v[i];

		s->wanted[i] = (struct wanted){ node->dev, node->block, node };
	}
	qsort(s->wanted, s->n, sizeof(*s->wanted), compare);
}

static const struct node *wanted_find(const struct scan *s, const struct statx *st)
{
	struct wanted key = { .dev = makedev(st->stx_rdev_major, st->stx_rdev_minor) };
	const struct wanted *hit;

	key.block = S_ISBLK(st->stx_mode);
	if (!key.block && !S_ISCHR(st->stx_mode))
		return NULL;
	hit = bsearch(&key, s->wanted, s->n, sizeof(*s->wanted), compare);
	return hit ? hit->node : NULL;
}

/* By number: a node may be wanted twice. */
static bool is_found(const struct scan *s, const struct node *node)
{
	for (size_t i = s->first; i < s->found->n; i++)
		if (s->found->v[i].node->dev == node->dev &&
		    s->found->v[i].node->block == node->block)
			return true;
	return false;
}

static struct holder who(const struct scan *s)
{
	const char *command = process_command(s->arena, s->root, s->pid);

	return (struct holder){
		.process = process_now(s->arena, s->root, s->pid),
		.command = command ? command : "a process",
		.unit = process_unit(s->arena, s->root, s->pid),
	};
}

static void found_add(struct scan *s, const struct node *node)
{
	struct holders *f = s->found;
	struct holder new = f->n > s->first ? f->v[s->first] : who(s);

	new.process.pid = s->pid;
	new.node = node;
	*arena_push(s->arena, f->v, f->n, f->cap) = new;
}

/* One that has ended in between has nothing open any more. */
static void hidden_add(struct scan *s)
{
	struct holders *f = s->found;
	struct holder new = who(s);

	if (new.process.pid)
		*arena_push(s->arena, f->hidden, f->n_hidden, f->hidden_cap) = new;
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
	const struct node *node;

	if (statx(fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) < 0) {
		s->denied |= is_link_denied(fd, name);
		return;
	}
	node = wanted_find(s, &st);
	if (node && !is_found(s, node))
		found_add(s, node);
}

static DIR *open_folder(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* false if nothing is open there, or it is not to be seen. */
static bool look_into(struct scan *s, int at, const char *path)
{
	DIR *dir = open_folder(at, path);
	struct dirent *d;
	bool any = false;

	s->denied |= !dir && is_denial(errno);
	while (dir && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0])) {
			look_at(s, dirfd(dir), d->d_name);
			any = true;
		}
	if (dir)
		closedir(dir);
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
	DIR *dir;
	struct dirent *d;
	struct stat st;

	if (fstatat(proc, task, &st, 0) < 0 || st.st_nlink <= 3)
		return;
	dir = open_folder(proc, task);
	s->denied |= !dir && is_denial(errno);
	while (dir && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0])) {
			char path[NAME_MAX + sizeof("/fd")];

			stpcpy(stpcpy(path, d->d_name), "/fd");
			look_into(s, dirfd(dir), path);
		}
	if (dir)
		closedir(dir);
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

void holders_find(struct arena *a, const struct root *r, const struct nodes *nodes,
		  struct holders *h)
{
	struct scan s = { .arena = a, .root = r, .found = h };
	DIR *proc = nodes->n ? opendir(root_path(a, r, "/proc")) : NULL;
	struct dirent *d;

	if (!proc)
		return;
	wanted_sort(&s, nodes);
	while ((d = readdir(proc)))
		look_at_process(&s, dirfd(proc), d->d_name);
	closedir(proc);
}
