/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/process/process.h"

/*
 * The process that is the QEMU of a domain, by its command line: libvirt gives -uuid to
 * each QEMU, and QEMU does not change its command line.
 */

/* Does /proc/PID/cmdline hold the words "-uuid UUID" (or --uuid)? uuid is lowered; the words need not be. */
bool process_has_uuid(const struct host *host, pid_t pid, const char *uuid);

/* A process with the words -uuid UUID, once for each. */
struct uuid_process {
	struct process process;
	const char *uuid; /* as its command line spells it */
};

struct uuid_processes {
	struct uuid_process *v;
	size_t n, cap;
};

/*
 * A pass over all processes, other than this one, for those processes that may be libvirt's
 * QEMUs: named like QEMU (comm has "qemu" or "kvm" in it), and either root's or started
 * without a login.
 */
void process_uuids(const struct host *host, struct uuid_processes *found);
/* The first of them with this UUID; pid 0 if none. */
struct process process_with_uuid(const struct uuid_processes *found, const char *uuid);
/* Both in one. */
struct process process_of_uuid(const struct host *host, const char *uuid);
