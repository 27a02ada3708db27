/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/vfionode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "root.h"

/* The device node itself, opened only to be looked at: the group can be opened once only. */
static int open_node(const struct host *host, const char *group, struct stat *st)
{
	const char *path = root_path(host, arena_printf(host->arena, "/dev/vfio/%s", group));
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) == 0 &&
	    (S_ISCHR(st->st_mode) || (*host->root.prefix && S_ISREG(st->st_mode))))
		return fd;
	close(fd);
	return -EINVAL;
}

const char *vfionode_owner(const struct host *host, const char *group)
{
	struct stat st = { 0 };
	_cleanup_fd_ int fd = open_node(host, group, &st);

	if (fd < 0)
		return NULL;
	return arena_printf(host->arena, "%u:%u", (unsigned)st.st_uid, (unsigned)st.st_gid);
}

int vfionode_set_owner(const struct host *host, const char *group, const char *owner,
		       struct err *err)
{
	struct stat st = { 0 };
	_cleanup_fd_ int fd = open_node(host, group, &st);
	unsigned uid, gid;

	if (fd < 0)
		return err_set(err, -fd, "/dev/vfio/%s: %s", group, err_reason(-fd));
	if (sscanf(owner, "%u:%u", &uid, &gid) != 2)
		return err_set(err, EINVAL, "/dev/vfio/%s: '%s' is not a valid UID:GID", group,
			       owner);
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return err_set(err, errno, "/dev/vfio/%s: chown to %s: %s", group, owner,
			       err_reason(errno));
	return 0;
}
