/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct arena;
struct file;
struct mistakes;

/*
 * The syntax of an INI file, not its meaning. A section is announced even when it is empty;
 * a key before the first section comes with no section announced. line is the line at which
 * the (joined) line begins, from 1. section's name and value stay; key is invalid after the
 * call. value is as written, with its "quotes": inifile_unquote() removes them if the value
 * is one text. append is for key += value; NULL: the file has no lists, so it is a mistake.
 */
struct ini_events {
	void (*section)(void *user, const char *name, unsigned line);
	void (*key)(void *user, const char *key, const char *value, unsigned line);
	void (*append)(void *user, const char *key, const char *value, unsigned line);
};

/* A value that is one "…" from end to end loses its quotes; \" and \\ are known. */
const char *inifile_unquote(struct arena *a, const char *value);

/* Mistakes in the syntax are added to m; the rest of the file is read all the same. */
void inifile_read(struct arena *a, const struct file *file, const struct ini_events *events,
		  void *user, struct mistakes *m);
