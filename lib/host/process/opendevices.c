/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/opendevices.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "clock.h"
#include "host/process/process.h"
#include "root.h"

#define RECENT 256

/*
 * For most open files of the host the only cost is one statx(2). The name of a process is
 * read only if the process has a device open.
 */
struct scan {
	struct host host;
	struct opendevices *found;
	pid_t pid;    /* the process that is looked at */
	size_t first; /* its first in found */
	size_t files; /* how many of its files were looked at */
	bool denied;  /* not all that it has open could be seen */
	double until; /* no file is looked at later */
	uint32_t recent[RECENT]; /* where a device is in found, by its number */
};

/* Is this the device that was found last of all with this remainder? A terminal has many nodes. */
static bool is_found(struct scan *s, dev_t dev, bool block)
{
	uint32_t *at = &s->recent[(dev ^ dev >> 8) % RECENT];
	const struct opendevices *all = s->found;
	bool found = *at >= s->first && *at < all->n && all->v[*at].dev == dev &&
		     all->v[*at].block == block;

	*at = (uint32_t)(found ? *at : s->found->n);
	return found;
}

/* The clock is read for every 256th file: each costs some microseconds. */
static bool is_late(struct scan *s)
{
	if (!s->found->late && s->files % 256 == 0)
		s->found->late = clock_ms() >= s->until;
	return s->found->late;
}

static void found_add(struct scan *s, const struct statx *st)
{
	dev_t dev = makedev(st->stx_rdev_major, st->stx_rdev_minor);
	bool block = S_ISBLK(st->stx_mode);

	if (!block && !S_ISCHR(st->stx_mode))
		return;
	if (!is_found(s, dev, block))
		*arena_push(s->host.arena, s->found->v, s->found->n, s->found->cap) =
			(struct open_device){ dev, block, s->pid };
}

/* A process that has ended in the meantime, or is a zombie, has nothing open any more. */
static void hidden_add(struct scan *s)
{
	struct opendevices *o = s->found;

	if (!process_has_ended(&s->host, s->pid))
		*arena_push(s->host.arena, o->hidden, o->n_hidden, o->hidden_cap) = s->pid;
}

/* A user with these two capabilities, such as the user of kvmshim-devices.service, sees as much as root. */
bool opendevices_seen(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const unsigned want = 1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH;

	if (geteuid() == 0)
		return true;
	return syscall(SYS_capget, &head, now) == 0 && (now[0].effective & want) == want;
}

/*
 * A file or a process that has gone hides nothing; every other error may hide an open device.
 * Root is denied only by a security module, or by a capability that it lacks
 * (ptrace_may_access()). A user who is not root is always denied, and only rehearses.
 */
static bool hides(int error)
{
	if (!error || error == ENOENT || error == ESRCH)
		return false;
	return opendevices_seen() || (error != EACCES && error != EPERM);
}

/*
 * statx(2) is refused by the seccomp filters of old container runtimes (EPERM) and by old
 * kernels (ENOSYS): fstatat(2) has the same answer.
 */
static int stat_open(int fd, const char *name, struct statx *st)
{
	struct stat plain;

	if (statx(fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, st) == 0)
		return 0;
	if (errno == ENOENT || errno == ESRCH || errno == EACCES)
		return -errno;
	if (fstatat(fd, name, &plain, AT_NO_AUTOMOUNT) < 0)
		return -errno;
	st->stx_mode = (uint16_t)plain.st_mode;
	st->stx_rdev_major = major(plain.st_rdev);
	st->stx_rdev_minor = minor(plain.st_rdev);
	return 0;
}

/*
 * A file of a user's FUSE is denied to root too, with EACCES (fuse_permission() and
 * fuse_allow_current_process() of fs/fuse/dir.c). It is not a device: its link can be read.
 */
static bool is_fuse(int fd, const char *name, int error)
{
	char to[1];

	return error == EACCES && readlinkat(fd, name, to, sizeof(to)) >= 0;
}

/*
 * The links in fd/ lead to what is open itself, whatever its path, namespace or
 * container (proc(5)). No attribute is fetched from a server for it.
 */
static void look_at(struct scan *s, int fd, const char *name)
{
	struct statx st;

	int rc = stat_open(fd, name, &st);

	if (rc == 0)
		found_add(s, &st);
	else
		s->denied |= hides(-rc) && !is_fuse(fd, name, -rc);
}

/*
 * The entries of a directory that are numbers. opendir(3), readdir(3) and closedir(3) make
 * three more calls for each directory, and each process has one.
 */
struct numbers {
	int fd;
	int error; /* errno of a folder that could not be read to its end; 0 */
	long len, at;
	_Alignas(struct dirent64) char buf[4096];
};

static void numbers_begin(struct numbers *n, int fd)
{
	n->fd = fd;
	n->error = 0;
	n->len = n->at = 0;
}

static const char *numbers_next(struct numbers *n)
{
	const struct dirent64 *d;

	do {
		if (n->at >= n->len) {
			n->len = syscall(SYS_getdents64, n->fd, n->buf, sizeof(n->buf));
			n->at = 0;
		}
		if (n->len < 0)
			n->error = errno;
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

	s->denied |= fd < 0 && hides(errno);
	return fd;
}

/* false if nothing is open there, or it is not to be seen. */
static bool look_into(struct scan *s, int at, const char *path)
{
	_cleanup_fd_ int fd = open_folder(s, at, path);
	struct numbers n;
	const char *name;
	bool any = false;

	numbers_begin(&n, fd);
	while (fd >= 0 && !is_late(s) && (name = numbers_next(&n))) {
		look_at(s, fd, name);
		any = true;
		s->files++;
	}
	s->denied |= fd >= 0 && (hides(n.error) || s->found->late);
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

	if (fstatat(proc, task, &st, 0) < 0) {
		s->denied |= hides(errno);
		return;
	}
	if (st.st_nlink <= 3)
		return;
	fd = open_folder(s, proc, task);
	numbers_begin(&n, fd);
	while (fd >= 0 && !s->found->late && (name = numbers_next(&n))) {
		char path[NAME_MAX + sizeof("/fd")];

		stpcpy(stpcpy(path, name), "/fd");
		look_into(s, fd, path);
	}
	s->denied |= fd >= 0 && hides(n.error);
}

/*
 * Until it has closed them, a new child of ours has the disks that we have claimed. Only who
 * has a disk is asked for its parent: it is not many, and what is asked costs as much as its files.
 */
static void pass_over_child(struct scan *s)
{
	bool disk = false;

	for (size_t i = s->first; i < s->found->n; i++)
		disk |= s->found->v[i].block;
	if (disk && process_is_child(&s->host, s->pid))
		s->found->n = s->first;
}

static void look_at_process(struct scan *s, int proc, pid_t pid)
{
	char path[sizeof("-2147483648/task")];
	char *end = path + sprintf(path, "%ld", (long)pid);

	s->pid = pid;
	s->first = s->found->n;
	s->files = 0;
	s->denied = false;
	if (process_is_self(&s->host.root, s->pid))
		return;
	stpcpy(end, "/fd");
	if (!look_into(s, proc, path)) {
		stpcpy(end, "/task");
		look_at_threads(s, proc, path);
	}
	pass_over_child(s);
	if (s->denied)
		hidden_add(s);
	if (s->files > s->found->most) {
		s->found->most = s->files;
		s->found->busiest = pid;
	}
}

/* ---- all processes, by several threads ---- */

#define BATCH 32      /* processes that a thread takes at once */
#define THREADS_MAX 4 /* more would only wait for each other's locks in the kernel */

struct batch {
	const pid_t *pids;
	size_t n;
	struct opendevices found;
};

/* The work of all: who is free takes the next batch. */
struct pass {
	struct root root;
	int proc;
	double until;
	struct batch *batches;
	size_t n;
	atomic_size_t next;
};

/* A thread of the pass; what it finds is in its own arena. */
struct looker {
	struct pass *pass;
	struct arena arena;
	pthread_t thread;
};

static void look_at_batch(struct looker *l, struct batch *b)
{
	struct scan s = { .host = { &l->arena, l->pass->root }, .found = &b->found,
			  .until = l->pass->until };

	for (size_t i = 0; i < b->n; i++)
		look_at_process(&s, l->pass->proc, b->pids[i]);
}

static void *look_on(void *arg)
{
	struct looker *l = arg;
	size_t i;

	while ((i = atomic_fetch_add(&l->pass->next, 1)) < l->pass->n)
		look_at_batch(l, &l->pass->batches[i]);
	return NULL;
}

static size_t lookers_for(size_t n_batches)
{
	cpu_set_t set;
	size_t n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

	n = n < THREADS_MAX ? n : THREADS_MAX;
	return n < n_batches ? n : n_batches;
}

static void append(struct arena *a, struct opendevices *to, const struct opendevices *from)
{
	for (size_t i = 0; i < from->n; i++)
		*arena_push(a, to->v, to->n, to->cap) = from->v[i];
	for (size_t i = 0; i < from->n_hidden; i++)
		*arena_push(a, to->hidden, to->n_hidden, to->hidden_cap) = from->hidden[i];
	to->late |= from->late;
	if (from->most > to->most) {
		to->most = from->most;
		to->busiest = from->busiest;
	}
}

/* A looker without a thread leaves its work to the other lookers: this thread always works. */
static size_t start_others(struct pass *p, struct looker *others)
{
	size_t n = lookers_for(p->n), started = 0;

	for (size_t i = 1; i < n; i++) {
		struct looker *l = &others[started];

		l->pass = p;
		started += pthread_create(&l->thread, NULL, look_on, l) == 0;
	}
	return started;
}

static void pass_make(struct arena *a, struct pass *p, struct opendevices *o)
{
	struct looker mine = { .pass = p }, others[THREADS_MAX - 1] = { 0 };
	size_t n = start_others(p, others);

	look_on(&mine);
	for (size_t i = 0; i < n; i++)
		pthread_join(others[i].thread, NULL);
	for (size_t i = 0; i < p->n; i++)
		append(a, o, &p->batches[i].found);
	for (size_t i = 0; i < n; i++)
		arena_free(&others[i].arena);
	arena_free(&mine.arena);
}

static struct pass pass_of(const struct host *host, int proc, const pid_t *pids, size_t n)
{
	struct pass p = { .root = host->root, .proc = proc, .n = (n + BATCH - 1) / BATCH };

	p.batches = arena_alloc(host->arena, (p.n + 1) * sizeof(*p.batches));
	for (size_t i = 0; i < p.n; i++) {
		size_t left = n - i * BATCH;

		p.batches[i].pids = pids + i * BATCH;
		p.batches[i].n = left < BATCH ? left : BATCH;
	}
	return p;
}

void opendevices_read(const struct host *host, struct opendevices *o)
{
	opendevices_read_until(host, clock_ms() + OPENDEVICES_S * 1000, o);
}

void opendevices_read_until(const struct host *host, double until, struct opendevices *o)
{
	_cleanup_fd_ int proc = open(root_path(host, "/proc"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct numbers numbers;
	const char *name;
	pid_t *pids = NULL;
	size_t n = 0, cap = 0;
	struct pass p;

	numbers_begin(&numbers, proc);
	o->error = proc < 0 ? errno : 0;
	while (proc >= 0 && (name = numbers_next(&numbers)))
		*arena_push(host->arena, pids, n, cap) = (pid_t)strtol(name, NULL, 10);
	if (proc >= 0)
		o->error = numbers.error;
	p = pass_of(host, proc, pids, n);
	p.until = until;
	pass_make(host->arena, &p, o);
}
