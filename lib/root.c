/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"

struct root root_from_env(struct arena *a)
{
	const char *dir = secure_getenv("KVMSHIM_ROOT");
	size_t len = dir ? strlen(dir) : 0;

	while (len && dir[len - 1] == '/')
		len--;
	return (struct root){ .prefix = len ? arena_strndup(a, dir, len) : "" };
}

const char *root_path(const struct host *host, const char *path)
{
	return *host->root.prefix ? arena_join(host->arena, host->root.prefix, path) : path;
}

bool root_trusts_owner(const struct root *r, uid_t owner)
{
	return owner == 0 || (*r->prefix && owner == geteuid());
}
