/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A folder of a test's own, gone when the test is over: tree_root() is a
 * KVMSHIM_ROOT, tree_file() puts a file into it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "root.h"
#include "unit.h"

static char tree_dir[64];

static inline int tree_make(void **state)
{
	(void)state;
	strcpy(tree_dir, "/tmp/kvmshim-unit-XXXXXX");
	umask(022);
	return mkdtemp(tree_dir) && chmod(tree_dir, 0755) == 0 ? 0 : -1;
}

static inline int tree_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static inline int tree_drop(void **state)
{
	nftw(tree_dir, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return unit_teardown(state);
}

static inline struct root tree_root(void)
{
	return (struct root){ .prefix = tree_dir };
}

static inline struct host tree_host(void)
{
	return (struct host){ &arena, tree_root() };
}

/* The path with the test's folder in front. */
static inline const char *tree_path(const char *path)
{
	return arena_printf(&arena, "%s/%s", tree_dir, path);
}

static inline void tree_folder(const char *path)
{
	char *p = arena_strdup(&arena, tree_path(path));

	for (char *slash = p + strlen(tree_dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(p, 0755);
		*slash = '/';
	}
	if (mkdir(p, 0755) < 0 && errno != EEXIST)
		fail_msg("mkdir %s: %s", p, strerror(errno));
}

static inline void tree_bytes(const char *path, const void *bytes, size_t len, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	FILE *f;

	if (slash)
		tree_folder(arena_strndup(&arena, path, (size_t)(slash - path)));
	f = fopen(tree_path(path), "w");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0 ||
	    chmod(tree_path(path), mode) < 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static inline void tree_file(const char *path, const char *text)
{
	tree_bytes(path, text, strlen(text), 0644);
}

/* "(none)" where there is no such file. */
static inline const char *tree_content(const char *path)
{
	static char inside[8192];
	FILE *f = fopen(tree_path(path), "r");
	size_t len = f ? fread(inside, 1, sizeof(inside) - 1, f) : 0;

	if (f)
		fclose(f);
	inside[len] = '\0';
	return f ? inside : "(none)";
}

static inline void tree_link(const char *path, const char *to)
{
	if (symlink(to, tree_path(path)) < 0)
		fail_msg("%s -> %s: %s", path, to, strerror(errno));
}

/* A message as it would be on a real host: without the folder of the test. */
static inline const char *tree_hide(const char *text)
{
	char *copy = arena_strdup(&arena, text);
	size_t len = strlen(tree_dir);

	for (char *p; (p = strstr(copy, tree_dir));)
		memmove(p, p + len, strlen(p + len) + 1);
	return copy;
}

/* Like UNIT_TEST and UNIT_ROWS, with a folder. */
static inline void tree_add(const char *name, CMUnitTestFunction f, const void *row)
{
	unit_add(name, f, row);
	unit_tests[unit_n - 1].setup_func = tree_make;
	unit_tests[unit_n - 1].teardown_func = tree_drop;
}

#define TREE_TEST(sentence, f) tree_add((sentence), (f), NULL)
#define TREE_ROWS(rows, f)                                              \
	do {                                                            \
		for (size_t row_ = 0; row_ < UNIT_COUNT(rows); row_++)  \
			tree_add((rows)[row_].name, (f), &(rows)[row_]); \
	} while (0)
