/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct host;
struct strv;

/*
 * Looking at sysfs with few system calls: of a device's folder, opened once, one
 * attribute costs three and a link one. `at` is such a folder; with AT_FDCWD
 * the name is a path that root_path() made.
 */

/* A folder's descriptor, or -errno. Links on the way are followed. */
int sysfs_folder(const struct host *host, const char *path);

/* An attribute (at most a page of 4096) without its last newline; NULL if it cannot be read. */
char *sysfs_text_at(struct arena *a, int at, const char *name);
/* An attribute of the form 0x10de. */
bool sysfs_hex_at(struct arena *a, int at, const char *name, unsigned *value);

/* The last part of a link's target, such as a driver's name; NULL if the link is missing. */
const char *sysfs_link_at(struct arena *a, int at, const char *name);

bool sysfs_has_at(int at, const char *name);

/* The same of a path below the root. */
char *sysfs_text(const struct host *host, const char *path);
const char *sysfs_link(const struct host *host, const char *path);
bool sysfs_has(const struct host *host, const char *path);

/* Is there no such path, for certain? false where it cannot be looked at. */
bool sysfs_lacks(const struct host *host, const char *path);

/* As sysfs_link(), but says why it has none: 0 or -errno. */
int sysfs_link_read(const struct host *host, const char *path, const char **name);

/* The names in a folder, sorted. 0, or -errno: some or all names are missing. */
int sysfs_list(const struct host *host, const char *path, struct strv *names);
