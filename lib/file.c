/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "root.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int judge_owner(const struct root *r, const struct stat *st, struct err *err)
{
	if (!root_trusts_owner(r, st->st_uid))
		return err_set(err, EPERM, "the owner is user %u, but must be root; run chown root",
			       (unsigned)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, EPERM,
			       "the group or others can write to it (mode %04o); run chmod go-w",
			       (unsigned)st->st_mode & 07777);
	return 0;
}

static bool is_dev_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* everybody: must all users be able to read it? */
static int judge_file(const struct root *r, const struct stat *st, bool everybody, struct err *err)
{
	int rc;

	if (!S_ISREG(st->st_mode))
		return err_set(err, EINVAL, "must be a regular file");
	rc = judge_owner(r, st, err);
	if (rc)
		return rc;
	if (everybody && !(st->st_mode & S_IROTH))
		return err_set(
			err, EPERM,
			"the user that VMs run as cannot read it (mode %04o); run chmod 0644",
			(unsigned)st->st_mode & 07777);
	if (st->st_size > FILE_MAX)
		return err_set(err, EFBIG, "the file is larger than 1 MiB");
	return 0;
}

static int judge_folder(const struct root *r, const struct stat *st, struct err *err)
{
	int rc = judge_owner(r, st, err);

	if (!rc && !(st->st_mode & S_IXOTH))
		rc = err_set(err, EPERM,
			     "the user that VMs run as cannot enter it (mode %04o); run chmod 0755",
			     (unsigned)st->st_mode & 07777);
	return rc;
}

typedef int judge_fn(const struct root *r, const struct stat *st, struct err *err);

static int open_judged(const struct root *r, int at, const char *name, int flags, judge_fn *judge,
		       struct err *err)
{
	_cleanup_fd_ int fd = openat(at, name, flags | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, errno, "cannot be opened: %s", err_reason(errno));
	rc = judge(r, &st, err);
	if (rc)
		return rc;
	rc = fd;
	fd = -1;
	return rc;
}

int folder_open(const struct root *r, int at, const char *name, struct err *err)
{
	return open_judged(r, at, name, O_PATH, judge_folder, err);
}

int folder_open_private(const struct root *r, int at, const char *name, struct err *err)
{
	return open_judged(r, at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, judge_owner, err);
}

/* At most size bytes. */
static int read_bytes(struct arena *a, int fd, size_t size, struct file *file, struct err *err)
{
	char *text = arena_raw(a, size + 1);
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, errno, "cannot be read: %s", err_reason(errno));
		len += (size_t)got;
		/* of a regular file less than asked for is the end */
		if (len < size)
			break;
	}
	text[len] = '\0';
	file->text = text;
	file->len = len;
	return 0;
}

/* Room for one byte more than fstat reported: a file that grows in the meantime is seen. */
static int read_all(struct arena *a, int fd, size_t size, struct file *file, struct err *err)
{
	int rc = read_bytes(a, fd, size + 1, file, err);

	if (rc == 0 && file->len > size)
		rc = err_set(err, EAGAIN, "the file changed while kvmshim read it; try again");
	return rc;
}

static int read_judged(const struct host *host, int at, const char *name, int extra_flags,
		       bool everybody, struct file *file, struct err *err)
{
	_cleanup_fd_ int fd = openat(at, name, OPEN_FLAGS | extra_flags);
	struct stat st;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ELOOP, "must not be a symbolic link");
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, errno, "cannot be opened: %s", err_reason(errno));
	if (is_dev_null(&st)) {
		file->text = NULL;
		file->len = 0;
		return 0;
	}
	rc = judge_file(&host->root, &st, everybody, err);
	if (rc)
		return rc;
	return read_all(host->arena, fd, (size_t)st.st_size, file, err);
}

int file_read(const struct host *host, int at, const char *name, int extra_flags, struct file *file,
	      struct err *err)
{
	return read_judged(host, at, name, extra_flags, true, file, err);
}

int file_read_private(const struct host *host, int at, const char *name, struct file *file,
		      struct err *err)
{
	int rc = read_judged(host, at, name, O_NOFOLLOW, false, file, err);

	return rc || file->text ? rc : err_set(err, EINVAL, "must be a regular file");
}

static int open_any(const char *path, struct stat *st, struct err *err)
{
	_cleanup_fd_ int fd = open(path, OPEN_FLAGS);
	int keep;

	if (fd < 0 || fstat(fd, st) < 0)
		return err_set(err, errno, "%s: %s", path, err_reason(errno));
	if (!S_ISREG(st->st_mode))
		return err_set(err, EINVAL, "%s: must be a regular file", path);
	keep = fd;
	fd = -1;
	return keep;
}

int file_read_any(struct arena *a, const char *path, struct file *file, struct err *err)
{
	struct stat st = { 0 };
	_cleanup_fd_ int fd = open_any(path, &st, err);

	file->path = path;
	if (fd < 0)
		return fd;
	if (st.st_size > FILE_MAX)
		return err_set(err, EFBIG, "%s: the file is larger than 1 MiB", path);
	return read_bytes(a, fd, (size_t)st.st_size, file, err);
}

int file_read_tail(struct arena *a, const char *path, size_t max, struct file *file,
		   struct err *err)
{
	struct stat st = { 0 };
	_cleanup_fd_ int fd = open_any(path, &st, err);

	file->path = path;
	if (fd < 0)
		return fd;
	if ((size_t)st.st_size > max && lseek(fd, st.st_size - (off_t)max, SEEK_SET) < 0)
		return err_set(err, errno, "%s: %s", path, err_reason(errno));
	return read_bytes(a, fd, (size_t)st.st_size > max ? max : (size_t)st.st_size, file, err);
}

int file_write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t done = write(fd, text, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		left -= (size_t)done;
	}
	return 0;
}
