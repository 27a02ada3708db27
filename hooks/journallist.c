/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "arena.h"
#include "hooks/journal.h"
#include "hooks/journalshape.h"
#include "hooks/statefolder.h"
#include "root.h"
#include "str.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whatever it is: journal_read() says what is wrong with it. */
static bool has_journal(struct arena *a, int folder, const char *uuid)
{
	const char *is = str_uuid(a, uuid);
	struct stat st;

	return is && str_eq(is, uuid) &&
	       fstatat(folder, arena_printf(a, "%s/" JOURNAL_FILE, uuid), &st,
		       AT_SYMLINK_NOFOLLOW) == 0;
}

/* The folder is not judged here, so that nothing is passed over in silence. */
void journal_uuids(struct arena *a, const struct root *r, struct strv *uuids)
{
	DIR *dir = opendir(root_path(a, r, STATE_VMS));

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		if (has_journal(a, dirfd(dir), e->d_name))
			strv_push(a, uuids, arena_strdup(a, e->d_name));
	closedir(dir);
	if (uuids->n)
		qsort(uuids->v, uuids->n, sizeof(uuids->v[0]), by_name);
}
