/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file is replaced by rename(2), which would also replace anything else at its path: a link,
 * /dev/null, a FIFO. So the present file is checked first. Nothing is opened by its path: the
 * directory is opened by way_open(), which follows no links of others, and all else is done in it.
 */
#include "ctl/devices/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "file.h"
#include "str.h"
#include "way.h"

/* ---- a new file in the place of the old one ---- */

/* Owner and mode of the present file stay. */
static int dress(int fd, const struct way *w)
{
	struct stat st;

	if (!w->found)
		return fchmod(fd, 0644) < 0 ? -errno : 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != w->st.st_uid && fchown(fd, w->st.st_uid, (gid_t)-1) < 0)
		return -EPERM;
	if (st.st_gid != w->st.st_gid && fchown(fd, (uid_t)-1, w->st.st_gid) < 0)
		return -EPERM;
	return fchmod(fd, w->st.st_mode & 0777) < 0 ? -errno : 0;
}

/* If the disk is full, closing can be the call that reports it. */
static int fill(int fd, const struct way *w, const char *text)
{
	int rc = file_write_all(fd, text);

	if (rc == 0)
		rc = dress(fd, w);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

#define TRIES 16

/* A name that nobody can know before. */
static int create(struct arena *a, const struct way *w, const char **temporary)
{
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		unsigned long long number;

		if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			return -errno;
		*temporary = arena_printf(a, ".%.200s.%016llx", w->name, number);
		fd = openat(w->folder, *temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int replace(struct arena *a, const struct way *w, const char *text)
{
	const char *temporary = "";
	int fd = create(a, w, &temporary), rc;

	if (fd < 0)
		return fd;
	rc = fill(fd, w, text);
	if (rc == 0 && renameat(w->folder, temporary, w->folder, w->name) < 0)
		rc = -errno;
	if (rc)
		unlinkat(w->folder, temporary, 0);
	return rc;
}

/* ---- files that are not replaced ---- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* 3 of /dev/fd/3, which the shell also writes for >(PROGRAM); -1. */
static int descriptor_in(const char *path)
{
	static const char folder[] = "/dev/fd/";
	const char *number = str_starts(path, folder) ? path + strlen(folder) : "";

	if (*number == '\0' || strlen(number) > 6 ||
	    strspn(number, "0123456789") != strlen(number))
		return -1;
	return (int)strtol(number, NULL, 10);
}

/*
 * The descriptor that the path names: stdout, or another one that is not a file. Other programs
 * may have written to it, and may continue. -1: none.
 */
static int descriptor_of(const char *path, const struct stat *st)
{
	int fd = descriptor_in(path);
	struct stat now;

	if (fstat(STDOUT_FILENO, &now) == 0 && is_same(&now, st))
		return STDOUT_FILENO;
	if (fd < 0 || S_ISREG(st->st_mode) || fstat(fd, &now) < 0 || !is_same(&now, st))
		return -1;
	return fd;
}

/* If the reader has ended, that is an error, and not a signal. */
static int pour(int fd, const char *text)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int rc = file_write_all(fd, text);

	signal(SIGPIPE, before);
	return rc;
}

/* Opening does not wait for one who reads a FIFO; writing does. */
static int pour_into(const struct way *w, const char *text)
{
	_cleanup_fd_ int fd = openat(w->folder, w->name,
				     O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat now;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &now) < 0 || !is_same(&now, &w->st) || fcntl(fd, F_SETFL, 0) < 0)
		return -ESTALE;
	return pour(fd, text);
}

/* ---- the present file ---- */

/* Where others can create files, only a file of root or of this user is written to. */
static bool is_strange(const struct way *w)
{
	return w->found && w->shared && w->st.st_uid != 0 && w->st.st_uid != geteuid();
}

static int write_at(struct arena *a, const struct way *w, const char *text)
{
	if (*w->name == '\0')
		return -EISDIR;
	if (!w->found)
		return w->linked ? -ENOLINK : replace(a, w, text);
	if (is_strange(w))
		return -EPERM;
	switch (w->st.st_mode & S_IFMT) {
	case S_IFREG:
		return replace(a, w, text);
	case S_IFCHR:
	case S_IFIFO:
		return pour_into(w, text);
	case S_IFDIR:
		return -EISDIR;
	default:
		return -ENOTSUP;
	}
}

static const char *reason(struct arena *a, const struct way *w, int error)
{
	switch (error) {
	case ENXIO:
		return "it has no reader";
	case ENOLINK:
		return "it is a link to a file that does not exist";
	case ENOTSUP:
		return "it is not a regular file";
	case EPERM:
		return w->found ? arena_printf(a, "it belongs to user %u", (unsigned)w->st.st_uid) :
				  strerror(error);
	default:
		return strerror(error);
	}
}

static int write_by_way(struct arena *a, const char *path, const struct stat *before,
			const char *text, struct err *err)
{
	_cleanup_way_ struct way w = { .folder = -1 };
	int rc = way_open(a, path, &w, err);

	if (rc)
		return err_wrap(err, "%s cannot be written", path);
	/* a descriptor of a file that has no name any more */
	if (before && (!w.found || !is_same(before, &w.st)))
		rc = -ENOENT;
	else
		rc = write_at(a, &w, text);
	return rc ? err_set(err, -rc, "%s cannot be written: %s", path, reason(a, &w, -rc)) : 0;
}

int publish(struct arena *a, const char *path, const char *text, struct err *err)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;
	int fd, rc;

	if (!exists && errno != ENOENT)
		return err_set(err, errno, "%s cannot be written: %s", path, strerror(errno));
	fd = exists ? descriptor_of(path, &st) : -1;
	if (fd < 0)
		return write_by_way(a, path, exists ? &st : NULL, text, err);
	rc = pour(fd, text);
	return rc ? err_set(err, -rc, "%s cannot be written: %s", path, strerror(-rc)) : 0;
}
