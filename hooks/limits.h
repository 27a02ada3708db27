/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hooks/qemuconf.h"
#include "str.h"

struct arena;
struct domain_memory;
struct host;
struct survey;

/*
 * For the devices in its XML libvirt raises the limit of locked memory, and makes the VFIO
 * device nodes visible to QEMU. It does neither for a device that a rule passes.
 */
struct limit_facts {
	struct arena *arena;
	struct qemuconf conf;
	struct strv nodes;	   /* that QEMU opens itself and the XML does not have: /dev/vfio/… */
	unsigned long long needs;  /* KiB of locked memory; 0: libvirt sets the limit */
	unsigned long long memlock; /* KiB that the daemon's children may lock, ULLONG_MAX: any */
	const char *unit;	   /* of the daemon; NULL: unknown */
};

/* Is the limit in the way? What to do about it, or NULL. */
struct limit {
	const char *name;
	const char *(*stops)(const struct limit_facts *f);
};

extern const struct limit limits[];
extern const size_t n_limits;

/*
 * daemon: the process that starts QEMU. A limit that cannot be read refuses nothing.
 * Without a device of a rule in the survey nothing is read.
 */
void limits_look(const struct host *host, const struct survey *s, const struct domain_memory *m,
		 pid_t daemon, struct limit_facts *f);

/* Adds a sentence for each limit in the way. */
void limits_judge(const struct limit_facts *f, struct strv *refusals);

/* The same of these device nodes only: what libvirt's list lacks of them, and what to do; NULL. */
const char *limits_nodes(const struct host *host, pid_t daemon, const struct strv *nodes);
