/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct host;
struct root;

/* A process that cannot be mistaken for a later one with the same number. */
struct process {
	pid_t pid;                /* 0: none */
	unsigned long long start; /* clock ticks after boot: field 22 of /proc/PID/stat, proc(5) */
};

/*
 * The process that has the number pid now. pid is 0 in the answer if no process has it. A
 * zombie does not count, unless it has threads that still run (and hold what it had open).
 */
struct process process_now(const struct host *host, pid_t pid);
/*
 * Has the process ended, or is it only a zombie? false if this cannot be read: then the
 * process counts as alive.
 */
bool process_has_ended(const struct host *host, pid_t pid);
bool process_lives(const struct host *host, struct process p);
/* Not the opposite of it: false too if this cannot be told. */
bool process_is_gone(const struct host *host, struct process p);

/*
 * The same of a process of this machine, whatever KVMSHIM_ROOT is, as our children
 * and our parent are: for them /proc stays the real one.
 */
struct process process_real(struct arena *a, pid_t pid);
bool process_real_lives(struct arena *a, struct process p);
bool process_real_is_gone(struct arena *a, struct process p);

/* When it was started, as UTC: 2026-11-21T14:03:05Z. */
const char *process_since(struct arena *a, struct process p);

/* Is it this process? Below a KVMSHIM_ROOT none is. */
bool process_is_self(const struct root *r, pid_t pid);
/* Did this process start it? Likewise. */
bool process_is_child(const struct host *host, pid_t pid);

/* Its name (/proc/PID/comm) and its unit, of the systemd of the host (first of cgroup), or NULL. */
const char *process_command(const struct host *host, pid_t pid);
const char *process_unit(const struct host *host, pid_t pid);

/* For people: "unit a.service", or of what runs for a user "user 1000, in user@1000.service". */
const char *process_unit_text(struct arena *a, const char *unit);

/* The first process of this name (as comm cuts it: 15 bytes); 0: none. */
pid_t process_named(const struct host *host, const char *name);

/*
 * A variable of the environment that it was started with; NULL: it has none of this name. 0, or
 * -errno: only root and its owner may look.
 */
int process_variable(const struct host *host, pid_t pid, const char *name, const char **value);

/* /proc/sys/kernel/random/boot_id, without the newline; "" if it cannot be read. */
const char *process_boot_id(const struct host *host);
/* Was the host booted since it had this boot id? false if this cannot be told. */
bool process_booted_since(const struct host *host, const char *boot);
