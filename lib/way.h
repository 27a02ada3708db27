/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

struct arena;
struct err;

/*
 * The way to a file, opened directory by directory, so that nobody can exchange a part of it in
 * the meantime. Only root and the user of this process are trusted: a link is followed only if
 * it belongs to one of them, and if nobody else can write to its directory. For root, each
 * directory on the way belongs to root, and nobody else can write to it; a directory with the
 * sticky bit, such as /tmp, is the exception, because nobody can replace the files of others.
 * Another user can go through directories of anybody, but no link is followed there.
 */
struct way {
	int folder;	  /* O_PATH: the directory of the file */
	const char *name; /* in the directory; "": the path is a directory, such as / or .. */
	const char *path; /* the same file by a path without links, for messages */
	bool shared;	  /* others can create files in the directory */
	bool linked;	  /* a link led to the name */
	bool found;	  /* the file exists, and st is about it */
	struct stat st;	  /* of lstat(2): never a link */
};

/* 0, or -errno with a sentence. The file need not exist. way_close() after success. */
int way_open(struct arena *a, const char *path, struct way *w, struct err *err);
void way_close(struct way *w);

#define _cleanup_way_ __attribute__((cleanup(way_close)))

/*
 * Can this program be run without trusting anybody else? 0 if it, its directories and all links to
 * it are root's or this user's, and nobody else can write to them; or -errno with the reason.
 */
int way_program(struct arena *a, const char *path, struct err *err);
