/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "file.h"

/* Closing tells of what the disk had no room for. */
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

int publish(struct arena *a, const char *path, const char *text, struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *temporary = arena_printf(a, "%.*s.%s.XXXXXX", (int)(name - path), path, name);
	int rc = fill(temporary, path, text);

	return rc ? err_set(err, -rc, "%s cannot be written: %s", path, strerror(-rc)) : 0;
}
