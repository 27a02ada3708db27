/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A host whose /run/kvmshim/vm/STATE_UUID holds what a fuzzer puts there, below a folder of
 * its own in memory, which is gone with the process.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "root.h"

#define STATE_UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define STATE_FOLDER "/run/kvmshim/vm/" STATE_UUID

static char state_top[64];

static inline void state_leave(void)
{
	static const char *const folders[] = { STATE_FOLDER, "/run/kvmshim/vm",
					       "/run/kvmshim", "/run", "" };
	static const char *const left[] = { "journal.json", "facts.json" };
	char path[200];

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/%s", state_top, folders[0], left[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", state_top, folders[i]);
		rmdir(path);
	}
}

static inline void state_begin(void)
{
	static const char *const folders[] = { "/run", "/run/kvmshim", "/run/kvmshim/vm",
					       STATE_FOLDER };
	char path[200];

	snprintf(state_top, sizeof(state_top), "/dev/shm/kvmshim-fuzz-XXXXXX");
	must(mkdtemp(state_top), "no folder in /dev/shm");
	atexit(state_leave);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", state_top, folders[i]);
		must(mkdir(path, 0711) == 0 && chmod(path, 0711) == 0, "mkdir %s", path);
	}
}

/* The host, with these bytes in a file of the VM. */
static inline struct root state_with(const char *name, const void *bytes, size_t size)
{
	char path[200];
	int fd;

	if (!*state_top)
		state_begin();
	snprintf(path, sizeof(path), "%s" STATE_FOLDER "/%s", state_top, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "%s", path);
	close(fd);
	return (struct root){ .prefix = state_top };
}

/* ---- any files of such a host */

static inline int state_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type;
	return at->level ? remove(path) : 0;
}

static inline void state_drop(void)
{
	nftw(state_top, state_remove, 16, FTW_DEPTH | FTW_PHYS);
	rmdir(state_top);
}

/* The host, with nothing in it. */
static inline void state_clear(struct root *r)
{
	if (!*state_top) {
		snprintf(state_top, sizeof(state_top), "/dev/shm/kvmshim-fuzz-XXXXXX");
		must(mkdtemp(state_top), "no folder in /dev/shm");
		atexit(state_drop);
	}
	nftw(state_top, state_remove, 16, FTW_DEPTH | FTW_PHYS);
	*r = (struct root){ .prefix = state_top };
}

static inline void state_put(const struct root *r, const char *file, const void *bytes, size_t size)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", r->prefix, file);
	for (char *slash = path + strlen(r->prefix) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "%s", path);
	close(fd);
}
