/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file is replaced by rename(2), which would also replace anything else at its path: a link,
 * /dev/null, a FIFO. So the present file is checked first.
 */
#include "ctl/devices/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "file.h"

/* If the disk is full, closing can be the call that reports it. */
static int fill(char *temporary, const char *path, const char *text)
{
	int fd = mkostemp(temporary, O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = fchmod(fd, 0644) < 0 ? -errno : file_write_all(fd, text);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(temporary, path) < 0)
		rc = -errno;
	if (rc)
		unlink(temporary);
	return rc;
}

static int replace(struct arena *a, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return fill(arena_printf(a, "%.*s.%s.XXXXXX", (int)(name - path), path, name), path, text);
}

/* ---- the present file ---- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* /dev/stdout, or another name of it: other programs may have written to it, and may continue. */
static bool is_stdout(const struct stat *st)
{
	struct stat out;

	return fstat(STDOUT_FILENO, &out) == 0 && is_same(&out, st);
}

/* The file itself, where links lead to it. */
static int replace_file(struct arena *a, const char *path, const struct stat *st, const char *text)
{
	char *real = realpath(path, NULL);
	bool has_name;
	struct stat now;
	int rc;

	has_name = real && lstat(real, &now) == 0 && is_same(&now, st);
	rc = has_name ? replace(a, real, text) : -ENOENT;
	free(real);
	return rc;
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
static int pour_into(const char *path, const struct stat *st, const char *text)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat now;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &now) < 0 || !is_same(&now, st) || fcntl(fd, F_SETFL, 0) < 0)
		return -ESTALE;
	return pour(fd, text);
}

static int write_there(struct arena *a, const char *path, const struct stat *st, const char *text)
{
	if (is_stdout(st))
		return pour(STDOUT_FILENO, text);
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return replace_file(a, path, st, text);
	case S_IFCHR:
	case S_IFIFO:
		return pour_into(path, st, text);
	case S_IFDIR:
		return -EISDIR;
	default:
		return -ENOTSUP;
	}
}

/* The path does not exist yet; a link to a missing file may be somebody else's. */
static int write_new(struct arena *a, const char *path, const char *text)
{
	struct stat st;

	return lstat(path, &st) == 0 ? -ENOLINK : replace(a, path, text);
}

static const char *reason(int error)
{
	switch (error) {
	case ENXIO:
		return "it has no reader";
	case ENOLINK:
		return "it is a link to a file that does not exist";
	case ENOTSUP:
		return "it is not a regular file";
	default:
		return strerror(error);
	}
}

int publish(struct arena *a, const char *path, const char *text, struct err *err)
{
	struct stat st;
	int rc;

	if (stat(path, &st) == 0)
		rc = write_there(a, path, &st, text);
	else
		rc = errno == ENOENT ? write_new(a, path, text) : -errno;
	return rc ? err_set(err, -rc, "%s cannot be written: %s", path, reason(-rc)) : 0;
}
