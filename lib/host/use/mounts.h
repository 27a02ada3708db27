/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct host;

/* A line of /proc/self/mountinfo: what is mounted in this mount namespace. */
struct mount {
	const char *device; /* 8:1: st_dev of its files */
	const char *where;
	const char *type, *source, *options; /* options: of the file system, not of the mount */
};

struct mounts {
	struct mount *v;
	size_t n, cap;
};

/* 0 or -errno. */
int mounts_read(const struct host *host, struct mounts *m);
