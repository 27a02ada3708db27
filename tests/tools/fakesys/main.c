/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakesys TREE MOUNTPOINT: a sysfs of a test's own. TREE is a folder with bus/,
 * class/, devices/, kernel/ as sysfs has them; mounted, writes to its files do
 * what the kernel does (attribute.c), and what a test wants to go wrong does
 * (fault.h). Says "ready" and stays until SIGTERM or its parent's end.
 *
 * FUSE's low-level interface, because a write that hangs must not stop others:
 * - each open, read and write that may have to wait has a thread of its own and is answered
 *   when it ends;
 * - each lookup makes a new inode, as the kernel holds an inode's lock over a
 *   write and a hung one to drivers_probe would keep others from that file.
 * The rest is done by the main thread, which owns the nodes.
 */
#define FUSE_USE_VERSION 32
#include <errno.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "str.h"
#include "tests/tools/fakesys/attribute.h"
#include "tests/tools/fakesys/fault.h"
#include "tests/tools/fakesys/tree.h"

/* ---- nodes */

struct node {
	uint64_t lookups;
	char path[];
};

/* FUSE wants numbers, and takes addresses for them. */
static void *pointer(uint64_t number)
{
	return (void *)(uintptr_t)number; /* NOLINT(performance-no-int-to-ptr) */
}

static const char *path_of(fuse_ino_t ino)
{
	const struct node *n = pointer(ino);

	return ino == FUSE_ROOT_ID ? "" : n->path;
}

static fuse_ino_t node_make(const char *path)
{
	size_t size = strlen(path) + 1;
	struct node *n = malloc(sizeof(*n) + size);

	if (!n)
		abort();
	n->lookups = 1;
	memcpy(n->path, path, size);
	/* cppcheck-suppress memleak */
	return (fuse_ino_t)(uintptr_t)n;
}

static void node_forget(fuse_ino_t ino, uint64_t lookups)
{
	struct node *n = pointer(ino);

	if (ino == FUSE_ROOT_ID)
		return;
	n->lookups -= lookups;
	if (!n->lookups)
		free(n);
}

/* sysfs says 4096 of every file. */
static int stat_of(struct arena *a, const char *path, struct stat *st)
{
	const char *backing = tree_find(a, path);

	if (!backing || lstat(backing, st) < 0)
		return -ENOENT;
	if (S_ISREG(st->st_mode))
		st->st_size = 4096;
	return 0;
}

/* ---- names */

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/%s", path_of(parent), name);
	struct fuse_entry_param e = { 0 };

	if (stat_of(&a, path, &e.attr) < 0) {
		fuse_reply_err(req, ENOENT);
	} else {
		e.ino = node_make(path);
		fuse_reply_entry(req, &e);
	}
	arena_free(&a);
}

static void do_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	node_forget(ino, lookups);
	fuse_reply_none(req);
}

static void do_forget_multi(fuse_req_t req, size_t n, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < n; i++)
		node_forget(forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct arena a = { 0 };
	struct stat st;

	(void)fi;
	if (stat_of(&a, path_of(ino), &st) < 0)
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_attr(req, &st, 0);
	arena_free(&a);
}

/* For O_TRUNC. */
static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int which,
		       struct fuse_file_info *fi)
{
	(void)attr, (void)which;
	do_getattr(req, ino, fi);
}

static void do_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct arena a = { 0 };
	const char *backing = tree_find(&a, path_of(ino));
	char to[PATH_MAX];
	ssize_t len = backing ? readlink(backing, to, sizeof(to) - 1) : -1;

	if (len < 0) {
		fuse_reply_err(req, ENOENT);
	} else {
		to[len] = '\0';
		fuse_reply_readlink(req, to);
	}
	arena_free(&a);
}

/* ---- folders: what they held when they were opened */

struct listing {
	struct arena arena;
	const char *path;
	struct strv names;
};

static void do_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->path = arena_strdup(&l->arena, path_of(ino));
	tree_list(&l->arena, l->path, &l->names);
	fi->fh = (uint64_t)(uintptr_t)l;
	fuse_reply_open(req, fi);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t at,
		       struct fuse_file_info *fi)
{
	struct listing *l = pointer(fi->fh);
	char *buf = arena_raw(&l->arena, size);
	size_t used = 0;

	(void)ino;
	for (size_t i = (size_t)at; i < l->names.n; i++) {
		const char *name = l->names.v[i];
		struct stat st = { 0 };
		size_t more;

		stat_of(&l->arena, arena_printf(&l->arena, "%s/%s", l->path, name), &st);
		more = fuse_add_direntry(req, buf + used, size - used, name, &st, (off_t)i + 1);
		if (more > size - used)
			break;
		used += more;
	}
	fuse_reply_buf(req, buf, used);
}

static void do_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *l = pointer(fi->fh);

	(void)ino;
	arena_free(&l->arena);
	free(l);
	fuse_reply_err(req, 0);
}

/* ---- what may take its time */

struct job {
	struct arena arena;
	fuse_req_t req;
	const char *path;
	struct fuse_file_info fi;
	char *bytes; /* to write */
	size_t size;
	off_t at;
};

static void *run_write(void *job);

/* Without signals: SIGTERM is to wake the main thread. */
static void thread_start(void *(*run)(void *), void *what)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, run, what) != 0)
		abort();
	pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* A write waits for the lock of its device, so does a look at driver_override; all may for a fault. */
static bool may_wait(struct job *j, void *(*run)(void *))
{
	return run == run_write || str_eq(path_name(j->path), "driver_override") ||
	       fault_any(&j->arena);
}

static void job_start(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi,
		      const struct job *what, void *(*run)(void *))
{
	struct job *j = malloc(sizeof(*j));

	if (!j)
		abort();
	*j = *what;
	j->req = req;
	j->fi = *fi;
	j->path = arena_strdup(&j->arena, path_of(ino));
	if (may_wait(j, run))
		thread_start(run, j);
	else
		run(j);
}

static void *job_end(struct job *j)
{
	arena_free(&j->arena);
	free(j);
	return NULL;
}

static void *run_open(void *job)
{
	struct job *j = job;
	int rc = attribute_open(&j->arena, j->path);

	j->fi.direct_io = 1;
	if (rc < 0)
		fuse_reply_err(j->req, -rc);
	else
		fuse_reply_open(j->req, &j->fi);
	return job_end(j);
}

static void *run_read(void *job)
{
	struct job *j = job;
	char *bytes = NULL;
	int len = attribute_read(&j->arena, j->path, j->at == 0, &bytes);
	size_t left = len > j->at ? (size_t)(len - j->at) : 0;

	if (len < 0)
		fuse_reply_err(j->req, -len);
	else
		fuse_reply_buf(j->req, left ? bytes + j->at : NULL, left < j->size ? left : j->size);
	return job_end(j);
}

static void *run_write(void *job)
{
	struct job *j = job;
	int rc = attribute_write(&j->arena, j->path, j->bytes, j->size);

	if (rc < 0)
		fuse_reply_err(j->req, -rc);
	else
		fuse_reply_write(j->req, (size_t)rc);
	return job_end(j);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	job_start(req, ino, fi, &(struct job){ 0 }, run_open);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t at,
		    struct fuse_file_info *fi)
{
	job_start(req, ino, fi, &(struct job){ .size = size, .at = at }, run_read);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t at,
		     struct fuse_file_info *fi)
{
	struct job j = { .size = size, .at = at };

	j.bytes = arena_strndup(&j.arena, bytes, size);
	job_start(req, ino, fi, &j, run_write);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = do_lookup,
	.forget = do_forget,
	.forget_multi = do_forget_multi,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.readlink = do_readlink,
	.opendir = do_opendir,
	.readdir = do_readdir,
	.releasedir = do_releasedir,
	.open = do_open,
	.read = do_read,
	.write = do_write,
};

static int serve(struct fuse_session *session, const char *where)
{
	int rc;

	if (fuse_session_mount(session, where) < 0)
		return 1;
	puts("ready");
	fflush(stdout);
	rc = fuse_session_loop(session);
	fuse_session_unmount(session);
	return rc < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	char *words[] = { argv[0], (char []){ "-ofsname=fakesys,default_permissions" }, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, words);
	struct fuse_session *session;
	static char root[PATH_MAX];
	int status = 1;

	if (argc != 3 || !realpath(argv[1], root)) {
		fputs("usage: fakesys TREE MOUNTPOINT\n", stderr);
		return 2;
	}
	tree_open(root);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (session && fuse_set_signal_handlers(session) == 0)
		status = serve(session, argv[2]);
	return status;
}
