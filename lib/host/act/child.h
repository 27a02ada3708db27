/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/process/process.h"

struct arena;

/*
 * A child for what may block in the kernel for ever: in a session of its own, with
 * /dev/null on 0-2, no other descriptor, and signals at their defaults. It is killed when
 * the thread that started it ends. Only act.c, actrun.c, helper.c and routes.c start any.
 *
 * The caller may have threads: between fork and exec or _exit, a child makes only calls
 * that signal-safety(7) allows, or bare system calls. All strings are made before the child
 * is. The child leaves its report in a page that it shares with the caller. A pipe would be
 * one more descriptor, and an exit status has no room for errnos such as EPROBE_DEFER
 * (517), which sysfs does pass on.
 */
struct report {
	bool done;
	int error; /* errno, 0: fine */
	size_t len;
	_Alignas(long) char text[4096]; /* an attribute is at most a page (sysfs_emit()) */
};

/* Zeroed memory that a child has too, until munmap(2). 0 or -errno. */
int child_memory(size_t size, void **memory);

/* 0 or -errno. */
int report_new(struct report **report);
void report_drop(struct report **report);

#define _cleanup_report_ __attribute__((cleanup(report_drop)))

/* The task of a child; run() is called in the child, and returns. */
struct task {
	void (*run)(const struct task *t);
	const char *path;
	const char *text;
	size_t len;
	char *const *argv;
	int flags;
	void *data;    /* of run() */
	int stderr_fd; /* what becomes its descriptor 2; -1: /dev/null as well */
	struct report *report;
};

struct child {
	pid_t pid;
	int pidfd; /* -1: the kernel gives none (or it has ended already) */
};

/* The end of a program's stderr. */
#define TAIL_MAX 1024

struct tail {
	char text[TAIL_MAX];
	size_t len;
};

/*
 * Reads once what the pipe has, without waiting. false at the end of the pipe, or if it is
 * empty.
 */
bool tail_read(struct tail *tail, int fd);

/* 0 or -errno. */
int child_start(struct child *c, const struct task *t);

/* Forgets the child; it may continue. */
void child_end(struct child *c);

/*
 * Waits until the child has ended, at most ms milliseconds: 0, or -ETIMEDOUT. fd: the
 * pipe that feeds tail, or -1.
 */
int child_wait(const struct child *c, int ms, int fd, struct tail *tail);

/* For a child that has ended: 0 and its end as waitid(2) reports it, or -errno. */
int child_reap(const struct child *c, siginfo_t *end);

/*
 * deadline ms of wait(of, ms): 0, -ETIMEDOUT, or another error. If it is -ETIMEDOUT, and
 * is so again once the child has been looked at, the child is in *stuck (or NULL).
 */
typedef int child_wait_fn(const void *of, int ms);
int child_wait_or_tell(struct arena *a, pid_t pid, child_wait_fn *wait, const void *of,
		       int deadline, struct process *stuck);

/*
 * All of it: 0, -errno of what the task could not do, or -ETIMEDOUT with the child, which
 * is left behind, in *stuck (or NULL).
 */
int child_do(struct arena *a, const struct task *t, int deadline, struct process *stuck);
