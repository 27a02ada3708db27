/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/below.h"

struct arena;
struct root;

/* A process that cannot be mistaken for a later one with the same number. */
struct process {
	pid_t pid;                /* 0: none */
	unsigned long long start; /* clock ticks after boot: field 22 of /proc/PID/stat, proc(5) */
};

/*
 * Who is pid right now? pid is 0 in the answer where there is no such process. A
 * zombie is none, unless it has threads that still run (and hold what it had open).
 */
struct process process_now(struct arena *a, const struct root *r, pid_t pid);
bool process_lives(struct arena *a, const struct root *r, struct process p);

/*
 * The same of a process of this machine, whatever KVMSHIM_ROOT is, as our children
 * and our parent are: for them /proc stays the real one.
 */
struct process process_real(struct arena *a, pid_t pid);
bool process_real_lives(struct arena *a, struct process p);

/* Is it this process? Below a KVMSHIM_ROOT none is. */
bool process_is_self(const struct root *r, pid_t pid);

/* Its name (/proc/PID/comm) and its systemd unit (last *.service, *.scope … of cgroup), or NULL. */
const char *process_command(struct arena *a, const struct root *r, pid_t pid);
const char *process_unit(struct arena *a, const struct root *r, pid_t pid);

/* Does /proc/PID/cmdline hold the words "-uuid UUID" (or --uuid)? uuid is lowered; the words need not be. */
bool process_has_uuid(struct arena *a, const struct root *r, pid_t pid, const char *uuid);
/*
 * The first process that has, other than this one; pid 0 if none. It is named like a
 * QEMU (comm has "qemu" or "kvm" in it), and is root's or was started by nobody who had
 * logged in.
 */
struct process process_of_uuid(struct arena *a, const struct root *r, const char *uuid);

/* /proc/sys/kernel/random/boot_id, without the newline; "" if it cannot be read. */
const char *process_boot_id(struct arena *a, const struct root *r);

/* A process with one of the nodes open. */
struct holder {
	struct process process;
	const char *command;	 /* "a process" if it is gone already */
	const char *unit;	 /* NULL: none */
	const struct node *node; /* NULL of one in `hidden` */
};

struct holders {
	struct holder *v;
	size_t n, cap;
	/*
	 * Live processes whose open files root may not see (AppArmor lets a hook, which is
	 * confined like its libvirtd, look at few others; SELinux): they may hold anything.
	 */
	struct holder *hidden;
	size_t n_hidden, hidden_cap;
};

/*
 * One pass over /proc/PID/fd of all processes, also in containers, for any number of nodes:
 * by the device numbers of what is open, not by path. Never blocks on a network file
 * system (statx with AT_STATX_DONT_SYNC). This process itself is left out, and each
 * process is there once for each node it holds. Who is not root sees what he sees:
 * nobody is in `hidden` then.
 */
void holders_find(struct arena *a, const struct root *r, const struct nodes *nodes,
		  struct holders *h);
