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

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t wrote = write(fd, text, left);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		text += wrote;
		left -= (size_t)wrote;
	}
	return fchmod(fd, 0644) < 0 ? -errno : 0;
}

/* Closing tells of what the disk had no room for. */
static int fill(char *temporary, const char *path, const char *text)
{
	int fd = mkostemp(temporary, O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, text);
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
