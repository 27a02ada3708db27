/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct err;
struct host;
struct strv;

/*
 * The host: only lib/host opens /sys and /proc, below KVMSHIM_ROOT if it is set. /proc/self
 * stays the real one.
 */

/* All of /sys or /proc file `path`, NUL-terminated, *len bytes. 0 or -errno (no sentence). */
int host_read(const struct host *host, const char *path, char **text, size_t *len);

/* Is this module loaded or built in (/sys/module/NAME)? Its name has underscores there. */
bool host_has_module(const struct host *host, const char *name);
/* Is it loaded, and not built in? Such a module has no count of its users. */
bool host_can_unload(const struct host *host, const char *name);

/*
 * The release of the running kernel, if its modules are gone from /lib/modules and those of another
 * kernel are there: after an upgrade, until the reboot. NULL: they are there, or it is unknown.
 */
const char *host_lost_modules(const struct host *host);

/* /proc/PID/cmdline as words. 0 or -errno. */
int host_cmdline(const struct host *host, pid_t pid, struct strv *argv);

/* The path by which a program of kvmshim opens its stdin: not every /dev has a stdin. */
#define HOST_STDIN "/proc/self/fd/0"

/* The program that this process runs, from /proc/self/exe. NULL if unknown. */
const char *host_self_exe(struct arena *a);
