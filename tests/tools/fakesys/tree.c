/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "str.h"

pthread_mutex_t tree_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *root;

void tree_open(const char *folder)
{
	root = folder;
}

char *tree_hidden(struct arena *a, const char *path)
{
	return arena_printf(a, "%s%s", root, path);
}

char *path_folder(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_strndup(a, path, slash ? (size_t)(slash - path) : 0);
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool exists(const char *backing)
{
	struct stat st;

	return lstat(backing, &st) == 0;
}

static char *link_text(struct arena *a, const char *backing)
{
	char to[PATH_MAX];
	ssize_t len = readlink(backing, to, sizeof(to) - 1);

	return len < 0 ? NULL : arena_strndup(a, to, (size_t)len);
}

const char *tree_link_name(struct arena *a, const char *backing)
{
	const char *to = link_text(a, backing);

	return to ? path_name(to) : NULL;
}

/* What a driver hangs below its device. */
static char *layer(struct arena *a, const char *folder)
{
	const char *driver = tree_link_name(a, arena_printf(a, "%s/driver", folder));

	return driver ? arena_printf(a, "%s/.below/%s", folder, driver) : NULL;
}

/* A tree with a `.processes` stands for /proc: what it lacks is the real process. */
static char *real_process(struct arena *a, const char *name)
{
	char *backing = arena_printf(a, "/proc/%s", name);

	return !name[strspn(name, "0123456789")] &&
			       exists(tree_hidden(a, "/.processes")) && exists(backing)
		       ? backing
		       : NULL;
}

static char *step(struct arena *a, const char *folder, const char *name)
{
	char *backing = arena_printf(a, "%s/%s", folder, name), *below;

	if (*name == '.')
		return NULL;
	if (exists(backing))
		return backing;
	if (str_eq(folder, root))
		return real_process(a, name);
	below = layer(a, folder);
	backing = below ? arena_printf(a, "%s/%s", below, name) : NULL;
	return backing && exists(backing) ? backing : NULL;
}

/* to, as seen from a folder, with each ".." done. */
static char *join(struct arena *a, const char *folder, const char *to)
{
	char *path = arena_strdup(a, folder), *rest = arena_strdup(a, to), *name;

	while ((name = strsep(&rest, "/"))) {
		if (str_eq(name, ".."))
			path = path_folder(a, path);
		else if (*name && !str_eq(name, "."))
			path = arena_printf(a, "%s/%s", path, name);
	}
	return path;
}

/* The backing of a path, whatever it is. Most are where they are shown, and found at once. */
static char *find(struct arena *a, const char *path)
{
	char *rest = arena_strdup(a, path), *name, *backing = tree_hidden(a, "");
	char *whole = tree_hidden(a, path);

	if (!strstr(path, "/.") && exists(whole))
		return whole;
	while (backing && (name = strsep(&rest, "/")))
		if (*name)
			backing = step(a, backing, name);
	return backing;
}

char *tree_target(struct arena *a, const char *path)
{
	char *backing = find(a, path), *to = backing ? link_text(a, backing) : NULL;

	return to && *to != '/' ? join(a, path_folder(a, path), to) : NULL;
}

char *tree_find(struct arena *a, const char *path)
{
	char *to = tree_target(a, path);

	return to && !find(a, to) ? NULL : find(a, path);
}

static void add_names(struct arena *a, const char *path, const char *backing, struct strv *names)
{
	DIR *dir = opendir(backing);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && tree_find(a, arena_printf(a, "%s/%s", path, e->d_name)))
			strv_push(a, names, arena_strdup(a, e->d_name));
	if (dir)
		closedir(dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void tree_list(struct arena *a, const char *path, struct strv *names)
{
	const char *backing = tree_find(a, path), *below;

	if (!backing)
		return;
	add_names(a, path, backing, names);
	below = layer(a, backing);
	if (below)
		add_names(a, path, below, names);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
}

int tree_link(struct arena *a, const char *backing, const char *path, const char *to)
{
	struct strbuf text = { .arena = a };

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/'))
		strbuf_add(&text, "../");
	strbuf_add(&text, to + 1);
	return symlink(strbuf_text(&text), backing) < 0 ? -errno : 0;
}

char *tree_text(struct arena *a, const char *backing)
{
	_cleanup_fd_ int fd = open(backing, O_RDONLY | O_CLOEXEC);
	char text[4097] = "";
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	return arena_strndup(a, text, len > 0 ? strcspn(text, "\n") : 0);
}

int tree_put(const char *backing, const char *text)
{
	_cleanup_fd_ int fd = open(backing, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 || dprintf(fd, "%s\n", text) < 0 ? -errno : 0;
}
