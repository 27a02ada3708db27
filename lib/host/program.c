/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/program.h"

#include <unistd.h>

#include "arena.h"
#include "root.h"

const char *program_find(const struct host *host, const char *name)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path = arena_printf(host->arena, "%s/%s", folders[i], name);

		if (access(root_path(host, path), X_OK) == 0)
			return path;
	}
	return NULL;
}
