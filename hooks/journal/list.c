/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "hooks/journal/journal.h"
#include "hooks/journal/statefolder.h"
#include "root.h"
#include "str.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_uuid(struct arena *a, const char *name)
{
	const char *uuid = str_uuid(a, name);

	return uuid && str_eq(uuid, name);
}

/* The folder is not judged here, so that nothing is passed over in silence. */
int journal_uuids(const struct host *host, struct strv *uuids, struct err *err)
{
	const char *path = root_path(host, STATE_VMS);
	DIR *dir = opendir(path);
	struct dirent *e;
	int error = dir || errno == ENOENT ? 0 : errno;

	while (dir && (errno = 0, e = readdir(dir)))
		if (is_uuid(host->arena, e->d_name))
			strv_push(host->arena, uuids, arena_strdup(host->arena, e->d_name));
	if (dir) {
		error = errno;
		closedir(dir);
	}
	if (uuids->n)
		qsort(uuids->v, uuids->n, sizeof(uuids->v[0]), by_name);
	return error ? err_set(err, error, "%s cannot be listed: %s", path, err_reason(error)) : 0;
}
