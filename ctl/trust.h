/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

/*
 * The programs that kvmshim runs. Root runs only what is root's, in directories of root (way.h);
 * every other user runs what this user could run without kvmshim.
 */

/*
 * The path of a program: a name without a slash is looked up in PATH, where root passes over
 * programs that it would not run. 0, or -errno with the reason; -ENOENT fills no err.
 */
int trust_find(struct arena *a, const char *name, const char **path, struct err *err);

/*
 * The same for a program that a domain names as its emulator: for root it must also look like
 * QEMU. It is read for this, and not run.
 */
int trust_find_qemu(struct arena *a, const char *name, const char **path, struct err *err);
