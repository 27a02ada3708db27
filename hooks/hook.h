/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "host/process/process.h"

struct host;

/*
 * A call by libvirt: `qemu NAME OP SUBOP EXTRA`, the domain XML on stdin
 * (https://libvirt.org/hooks.html). The hook ignores operations that the table does not have.
 */

/* Is this an operation that we do anything on? */
bool hook_knows(const char *op, const char *subop);

/* The process that called us. Call this first, while that process surely lives. */
struct process hook_daemon(const struct host *host);

/* Acts, prints what is wrong on stderr; the exit status. xml has len bytes. */
int hook_run(const struct host *host, struct process daemon, const char *name, const char *op,
	     const char *subop, const char *xml, size_t len);

/*
 * Is this a name under which libvirt runs copies of us that nobody meant to be
 * run? It runs all that is executable in qemu.d: hidden files, and what editors
 * and package managers leave there.
 */
bool hook_is_backup(const char *argv0);
