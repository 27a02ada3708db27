/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct arena;
struct err;

/*
 * A program from outside at work, in a session of its own. From outside_begin() to outside_end(),
 * signals that would end us wait: a terminal's Ctrl-C does not reach the program in its session,
 * so it must be ended when we are.
 */
struct outside {
	pid_t pid;
	int in;	      /* becomes its stdin; -1: /dev/null */
	int out, err; /* what it prints; out is -1 if stdout became `in` */
	int signals;  /* can be read where we are to end */
	sigset_t before;
};

/* The path that trust_find() has for the name; 0, or -errno with the reason. */
int outside_find(struct arena *a, const char *name, const char **path, struct err *err);

/* The same by trust_find_qemu(). */
int outside_find_qemu(struct arena *a, const char *name, const char **path, struct err *err);

/* OUTSIDE_PIPE: stdout is a pipe, p->out; OUTSIDE_SOCKET: stdin and stdout are both `in`. */
enum outside_stdout { OUTSIDE_PIPE, OUTSIDE_SOCKET };

/* Starts the program at this path. 0 or errno; outside_end() is due in both cases. */
int outside_begin(struct outside *p, const char *path, const char *const *argv, int in,
		  enum outside_stdout to);

/* Kills the program and all of its session. */
void outside_kill(const struct outside *p);

/* Closes what outside_begin() opened; signals that waited arrive now. */
void outside_end(const struct outside *p);
