/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "arena.h"
#include "cleanup.h"
#include "clock.h"
#include "err.h"
#include "file.h"
#include "hooks/journal/statefolder.h"
#include "root.h"

/* A file of ours is written under this name: one, so that a killed writer leaves one behind at most. */
#define TEMPORARY(name) "." name ".new"

#define LOCK_PATIENCE 60000 /* ms */

/* Asks again and again, for so many milliseconds: 0, -EBUSY, or another -errno. */
static int lock_within(int fd, int ms, int pause)
{
	double end = clock_ms() + ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (clock_ms() > end)
			return -EBUSY;
		clock_sleep(pause);
	}
	return 0;
}

/* Like the folders, the lock is nobody else's to open: flock() asks for no more. */
static int open_lock(int folder, const char *name)
{
	return openat(folder, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		      0600);
}

/* A lock of all VMs: a descriptor, or -errno; -EBUSY is who holds it for longer than ms. */
static int open_locked_file(const struct host *host, const char *name, int ms, int pause,
			    struct err *err)
{
	_cleanup_fd_ int folder = statefolder_open(host, STATEFOLDER_TOP, NULL, true, err);
	int fd, rc;

	if (folder < 0)
		return folder;
	fd = open_lock(folder, name);
	rc = fd < 0 ? -errno : lock_within(fd, ms, pause);
	if (rc == 0)
		return fd;
	cleanup_close(&fd);
	return err_set(err, -rc, "%s/%s: %s", root_path(host, STATE_TOP), name, err_reason(-rc));
}

/*
 * The work under the lock takes milliseconds; a process that holds it for long is stopped or
 * stuck.
 */
int state_lock(const struct host *host, struct err *err)
{
	int fd = open_locked_file(host, "lock", LOCK_PATIENCE, 2, err);

	if (fd != -EBUSY)
		return fd;
	return err_set(err, EBUSY,
		       "%s: another kvmshim process has held this lock for %d s; find the process "
		       "with lslocks(8)",
		       root_path(host, STATE_TOP "/lock"), LOCK_PATIENCE / 1000);
}

int state_lock_pools(const struct host *host, int deadline, struct err *err)
{
	int fd = open_locked_file(host, "pool.lock", deadline, 10, err);

	if (fd != -EBUSY)
		return fd;
	return err_set(err, ETIMEDOUT, "%s: the huge pages of another VM take too long; try again",
		       root_path(host, STATE_TOP "/pool.lock"));
}

/*
 * state_in_progress() has to lock the file to check if the lock is free, and unlocks it at
 * once. So lock_now() tries again for 20 ms if the lock is held.
 */
static int lock_now(int fd)
{
	return lock_within(fd, 20, 1);
}

static bool is_at(int fd, int folder, const char *name)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 &&
	       fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* -ESTALE: the lock is that of a folder that its owner removed before we had it. */
static int lock_vm(int fd, int vms, const char *uuid, struct err *err)
{
	int rc = lock_now(fd);

	if (rc < 0 && rc != -EBUSY)
		return err_set(err, -rc, STATE_VMS "/%s: %s", uuid, err_reason(-rc));
	return rc == 0 && !is_at(fd, vms, uuid) ? -ESTALE : rc;
}

static int open_locked(const struct host *host, const char *uuid, struct err *err)
{
	_cleanup_fd_ int vms = statefolder_open(host, STATEFOLDER_VMS, NULL, true, err);
	int fd = vms < 0 ? vms : statefolder_open(host, STATEFOLDER_VM, uuid, true, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = lock_vm(fd, vms, uuid, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int state_open(const struct host *host, const char *uuid, struct err *err)
{
	int fd;

	do
		fd = open_locked(host, uuid, err);
	while (fd == -ESTALE);
	return fd;
}

bool state_in_progress(const struct host *host, const char *uuid)
{
	struct err err;
	_cleanup_fd_ int fd = statefolder_open(host, STATEFOLDER_VM, uuid, false, &err);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* The flock of the folder is ours: who left one of this name behind is dead. */
static int create(int folder, const char *temporary)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(folder, temporary, flags, 0600);

	if (fd >= 0 || errno != EEXIST)
		return fd;
	if (unlinkat(folder, temporary, 0) < 0)
		return -1;
	return openat(folder, temporary, flags, 0600);
}

/* No fsync: /run is memory, and a reboot returns every device automatically. */
static int write_file(int folder, const char *temporary, mode_t mode, const char *text)
{
	int fd = create(folder, temporary), rc;

	if (fd < 0)
		return -errno;
	rc = fchmod(fd, mode) < 0 ? -errno : file_write_all(fd, text);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int state_publish(struct arena *a, int folder, const char *name, mode_t mode, const char *text,
		  struct err *err)
{
	const char *temporary = arena_printf(a, TEMPORARY("%s"), name);
	int rc = write_file(folder, temporary, mode, text);

	if (rc == 0 && renameat(folder, temporary, folder, name) < 0)
		rc = -errno;
	if (rc == 0)
		return 0;
	unlinkat(folder, temporary, 0);
	return err_set(err, -rc, STATE_TOP ": %s cannot be written: %s", name, err_reason(-rc));
}

int state_unpublish(int folder, const char *name, struct err *err)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	return err_set(err, errno, STATE_TOP ": %s cannot be removed: %s", name, err_reason(errno));
}

/* The journal is removed after the facts: as long as it exists, the reservation exists. */
static int remove_files(int folder, struct err *err)
{
	static const char *const names[] = {
		TEMPORARY("facts.json"),
		TEMPORARY("journal.json"),
		"facts.json",
		"journal.json",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		rc = state_unpublish(folder, names[i], err);
	return rc;
}

int state_remove(const struct host *host, const char *uuid, int folder, struct err *err)
{
	_cleanup_fd_ int vms = statefolder_open(host, STATEFOLDER_VMS, NULL, false, err);
	int rc = vms < 0 ? vms : remove_files(folder, err);

	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && unlinkat(vms, uuid, AT_REMOVEDIR) < 0 && errno != ENOENT)
		rc = err_set(err, errno, "%s: %s",
			     root_path(host, arena_printf(host->arena, STATE_VMS "/%s", uuid)),
			     err_reason(errno));
	return rc;
}
