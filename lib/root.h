/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct arena;

/*
 * Where /etc/kvmshim, /usr/lib/kvmshim, /run, /sys and /proc are: below
 * KVMSHIM_ROOT, or below "". It is read with secure_getenv(3) once, by main().
 */
struct root {
	const char *prefix; /* "" or a folder, without a trailing slash */
};

struct root root_from_env(struct arena *a);

/* The host that is looked at, and the arena that has what was found. */
struct host {
	struct arena *arena;
	struct root root;
};

/* path begins with '/'. */
const char *root_path(const struct host *host, const char *path);

/*
 * May this user's files be believed? root's always; below a KVMSHIM_ROOT the
 * caller's own too.
 */
bool root_trusts_owner(const struct root *r, uid_t owner);
