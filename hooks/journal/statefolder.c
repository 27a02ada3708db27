/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/statefolder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "file.h"
#include "root.h"
#include "str.h"

/*
 * Not 0755: whoever can open a folder for reading can also flock() it, and
 * keep us out. The wrapper, as the user of the VM, needs to enter only.
 */
#define MODE 0711

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Also for a folder that already exists: its maker may have been killed between mkdir and
 * chmod, or may be between them at this moment.
 */
static int set_mode(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(err, errno, "%s", err_reason(errno));
	if ((st.st_mode & 07777) != MODE && fchmod(fd, MODE) < 0)
		return err_set(err, errno, "chmod 0711: %s", err_reason(errno));
	return 0;
}

/* A directory that another process removes before we open it is made again. */
static int make_folder(const struct root *r, int at, const char *name, struct err *err)
{
	int fd = -ENOENT, rc;

	while (fd == -ENOENT) {
		if (mkdirat(at, name, MODE) < 0 && errno != EEXIST)
			return err_set(err, errno, "%s", err_reason(errno));
		fd = folder_open_private(r, at, name, err);
	}
	rc = fd < 0 ? fd : set_mode(fd, err);
	if (rc == 0)
		return fd;
	cleanup_close(&fd);
	return rc;
}

static int open_run(const struct host *host, bool make, struct err *err)
{
	const char *run = root_path(host, "/run");
	int fd = folder_open(&host->root, AT_FDCWD, run, err);

	if (fd == -ENOENT)
		return make ? err_set(err, ENOENT, "%s: %s", run, err_reason(ENOENT)) : fd;
	return fd < 0 ? err_wrap(err, "%s", run) : fd;
}

int statefolder_open(const struct host *host, enum statefolder which, const char *uuid, bool make,
		     struct err *err)
{
	const char *const names[] = { "kvmshim", "vm", uuid };
	_cleanup_fd_ int at = -1;
	const char *path = "/run";
	int fd;

	if (which == STATEFOLDER_VM &&
	    (!str_uuid(host->arena, uuid) || !str_eq(str_uuid(host->arena, uuid), uuid)))
		return err_set(err, EINVAL, "'%s' is not a valid UUID",
			       str_printable(host->arena, uuid));
	at = open_run(host, make, err);
	fd = at;
	for (size_t i = 0; fd >= 0 && i < COUNT(names) && i <= which; i++) {
		path = arena_printf(host->arena, "%s/%s", path, names[i]);
		fd = make ? make_folder(&host->root, at, names[i], err)
			  : folder_open_private(&host->root, at, names[i], err);
		if (fd == -ENOENT && !make)
			return fd;
		if (fd < 0)
			return err_wrap(err, "%s", root_path(host, path));
		cleanup_close(&at);
		at = fd;
	}
	at = -1;
	return fd;
}
