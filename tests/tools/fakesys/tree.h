/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct arena;
struct strv;

/*
 * What is shown, and where it is kept. A path is one of the mount ("" is its
 * root, "/bus/pci" …), without links in it; a backing is the file of the tree
 * that stands behind it.
 *
 * These make a plain folder look like sysfs:
 * - a name that begins with '.' is not shown;
 * - what is in DEVICE/.below/DRIVER/ is shown in DEVICE/ while that device is
 *   bound to that driver;
 * - a link to what is not shown is not shown, so those of /sys/class come and
 *   go with the device they lead to. One with a path from the root leads elsewhere and stays.
 * A tree that holds a file .processes stands for /proc: processes that it lacks are not
 * listed, but can be looked at.
 */

void tree_open(const char *folder);

/* Held while the tree is read or changed, never while something waits. */
extern pthread_mutex_t tree_lock;

/* The backing of a path; NULL if it is not shown. */
char *tree_find(struct arena *a, const char *path);

/* What a folder shows, sorted. */
void tree_list(struct arena *a, const char *path, struct strv *names);

/* The backing of a path of the tree itself, shown or not: tree_hidden(a, "/.faults"). */
char *tree_hidden(struct arena *a, const char *path);

/* The path that a link at `path` leads to; NULL if there is no link, or it begins with '/'. */
char *tree_target(struct arena *a, const char *path);

/* The last part of where a backing's link points to: the name of a driver, a group. NULL: no link. */
const char *tree_link_name(struct arena *a, const char *backing);

/* A link at `path`, which leads to another path as sysfs's do: "../../…". 0 or -errno. */
int tree_link(struct arena *a, const char *backing, const char *path, const char *to);

/* The text of a backing without its newline, "" if there is none; and back, with one. */
char *tree_text(struct arena *a, const char *backing);
int tree_put(const char *backing, const char *text);

/* "/a/b/c": "/a/b" and "c". */
char *path_folder(struct arena *a, const char *path);
const char *path_name(const char *path);
