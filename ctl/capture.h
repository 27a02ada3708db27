/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

/* How long a program has to answer. QEMU takes 0.1 s to list its devices, some seconds on a busy host. */
#define CAPTURE_SECONDS 10

/* How much of what it says is kept; the rest is dropped. */
#define CAPTURE_MAX (8 << 20)

/*
 * Runs a program (found by trust_find()) and takes what it prints on stdout; stdin is
 * /dev/null. Its stderr is dropped, unless it failed: then the first line of stderr is
 * in err and the result is -EIO. It has a session of its own; if it does not answer in time,
 * all of that is killed, and the result is -ETIMEDOUT.
 */
int capture(struct arena *a, const char *const *argv, const char **text, struct err *err);

/* The same, stderr and all: *said is what the program said there, whether it failed or not. */
int capture_both(struct arena *a, const char *const *argv, const char **text, const char **said,
		 struct err *err);

/* The same; in: what becomes its stdin, -1: /dev/null. */
int capture_within(struct arena *a, const char *const *argv, int in, int seconds, const char **text,
		   const char **said, struct err *err);

/* capture(), of a program that finds input on stdin, which it may open as a file (HOST_STDIN). */
int capture_with(struct arena *a, const char *const *argv, const char *input, const char **text,
		 struct err *err);
