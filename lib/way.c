/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "way.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "shellword.h"

/* As many as the kernel follows (MAXSYMLINKS). */
#define LINKS_MAX 40

/* The directory that was reached, and the part of the path that is left. */
struct walk {
	struct arena *arena;
	int folder;
	const char *path; /* of the directory; "" for / */
	const char *rest;
	bool shared;	/* others can create files in the directory */
	bool strange;	/* the same, of a directory on the way */
	bool linked;	/* the last link led to the last name */
	unsigned links;
	struct err *err;
};

static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

static const char *shown(const char *path)
{
	return *path ? path : "/";
}

/* ---- directories ---- */

/* Root goes through directories of root only. */
static int judge_owner(struct walk *w, const char *path, uid_t owner)
{
	if (is_trusted(owner))
		return 0;
	if (geteuid() == 0)
		return err_set(w->err, EPERM,
			       "the directory %s belongs to user %u; use a directory of root",
			       shown(path), (unsigned)owner);
	w->shared = w->strange = true;
	return 0;
}

static int judge_mode(struct walk *w, const char *path, mode_t mode)
{
	if (!(mode & (S_IWGRP | S_IWOTH)))
		return 0;
	w->shared = true;
	if (mode & S_ISVTX)
		return 0;
	if (geteuid() == 0)
		return err_set(w->err, EPERM,
			       "the group or others can write to the directory %s (mode %04o); "
			       "run chmod go-w %s, or use another directory",
			       shown(path), (unsigned)mode & 07777,
			       shellword(w->arena, shown(path)));
	w->strange = true;
	return 0;
}

/* Takes over fd, the directory of this path. */
static int enter(struct walk *w, int fd, const char *path)
{
	struct stat st;
	int rc;

	if (w->folder >= 0)
		close(w->folder);
	w->folder = fd;
	w->path = path;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(w->err, errno, "%s", err_reason(errno));
	w->shared = w->strange;
	rc = judge_owner(w, path, st.st_uid);
	return rc ? rc : judge_mode(w, path, st.st_mode);
}

#define FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)

static int enter_root(struct walk *w)
{
	return enter(w, open("/", FOLDER), "");
}

static const char *parent_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(a, path, (size_t)(slash - path)) : "";
}

static int enter_below(struct walk *w, const char *name)
{
	const char *path = strcmp(name, "..") == 0 ?
				   parent_of(w->arena, w->path) :
				   arena_printf(w->arena, "%s/%s", w->path, name);

	return enter(w, openat(w->folder, name, FOLDER | O_NOFOLLOW), path);
}

/* ---- links ---- */

static int judge_link(struct walk *w, const char *path, const struct stat *st)
{
	if (!is_trusted(st->st_uid))
		return err_set(w->err, EPERM, "the link %s belongs to user %u and is not followed",
			       path, (unsigned)st->st_uid);
	if (w->shared)
		return err_set(w->err, EPERM,
			       "the link %s is in a directory that others can write to, and is not "
			       "followed",
			       path);
	if (++w->links > LINKS_MAX)
		return err_set(w->err, ELOOP, "%s", err_reason(ELOOP));
	return 0;
}

/* The rest of the path begins with the text of the link. */
static int follow(struct walk *w, const char *name, const struct stat *st)
{
	const char *path = arena_printf(w->arena, "%s/%s", w->path, name);
	char text[PATH_MAX];
	ssize_t len;
	int rc = judge_link(w, path, st);

	if (rc)
		return rc;
	len = readlinkat(w->folder, name, text, sizeof(text));
	if (len <= 0 || (size_t)len == sizeof(text))
		return err_set(w->err, len < 0 ? errno : ENAMETOOLONG, "the link %s cannot be read",
			       path);
	w->linked = *w->rest == '\0';
	w->rest = arena_printf(w->arena, "%.*s%s%s", (int)len, text, *w->rest ? "/" : "", w->rest);
	return *text == '/' ? enter_root(w) : 0;
}

/* ---- the way ---- */

/* The next name of the path; "" at its end. */
static const char *next_name(struct walk *w)
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(start, "/");

	w->rest = start + len + strspn(start + len, "/");
	return arena_strndup(w->arena, start, len);
}

/* Goes on until the last name is not a link. */
static int walk(struct walk *w, struct way *way)
{
	int rc = 0;

	for (;;) {
		const char *name = next_name(w);
		bool dots = strcmp(name, "..") == 0;

		if (*name == '\0' || (strcmp(name, ".") == 0 && *w->rest == '\0')) {
			way->name = "";
			return 0;
		}
		if (strcmp(name, ".") == 0)
			continue;
		way->found = fstatat(w->folder, name, &way->st, AT_SYMLINK_NOFOLLOW) == 0;
		if (!way->found && errno != ENOENT)
			return err_set(w->err, errno, "%s", err_reason(errno));
		if (way->found && S_ISLNK(way->st.st_mode)) {
			rc = follow(w, name, &way->st);
		} else if (*w->rest || dots) {
			rc = enter_below(w, name);
		} else {
			way->name = name;
			return 0;
		}
		if (rc)
			return rc;
	}
}

int way_open(struct arena *a, const char *path, struct way *way, struct err *err)
{
	char here[PATH_MAX] = "";
	struct walk w = { .arena = a, .folder = -1, .err = err };
	int rc;

	*way = (struct way){ .folder = -1 };
	if (*path == '\0')
		return err_set(err, ENOENT, "%s", err_reason(ENOENT));
	if (*path != '/' && !getcwd(here, sizeof(here)))
		return err_set(err, errno, "the current directory: %s", err_reason(errno));
	w.rest = arena_printf(a, "%s/%s", here, path);
	rc = enter_root(&w);
	if (!rc)
		rc = walk(&w, way);
	way->folder = w.folder;
	way->shared = w.shared;
	way->linked = w.linked;
	if (rc)
		way_close(way);
	else
		way->path = arena_printf(a, "%s/%s", w.path, way->name);
	return rc;
}

void way_close(struct way *w)
{
	if (w->folder >= 0)
		close(w->folder);
	w->folder = -1;
}

/* ---- programs ---- */

static int judge_program(const struct way *w, struct err *err)
{
	if (!w->found)
		return err_set(err, ENOENT, "%s: %s", w->path, err_reason(ENOENT));
	if (!S_ISREG(w->st.st_mode))
		return err_set(err, EACCES, "%s is not a regular file", w->path);
	if (!is_trusted(w->st.st_uid))
		return err_set(err, EPERM, "%s belongs to user %u", w->path,
			       (unsigned)w->st.st_uid);
	if (w->st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, EPERM, "the group or others can write to %s (mode %04o)",
			       w->path, (unsigned)w->st.st_mode & 07777);
	if (w->shared)
		return err_set(err, EPERM, "others can write to the directory of %s", w->path);
	return 0;
}

int way_program(struct arena *a, const char *path, struct err *err)
{
	_cleanup_way_ struct way w = { .folder = -1 };
	int rc = way_open(a, path, &w, err);

	return rc ? rc : judge_program(&w, err);
}
