/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wrapper/line/qemuopt.h"

struct arena;
struct optval;

/*
 * An argument: an option with its value, or a disk image. word and value are the very bytes of
 * argv until a rule changes them.
 */
struct arg {
	const struct qemuopt *opt; /* NULL: a disk image or an unknown option */
	const char *word;	   /* "-device", "--device", "disk.img" */
	const char *value;	   /* NULL: a flag, an image, or the value is missing */
	const char *before;	   /* the value before the first change */
	bool unknown;		   /* begins with '-' but no QEMU option is called so */
	bool added, changed, removed;
	const struct optval *parsed; /* of the value; see view_parsed() */
};

/* A command line in its order; args[0] of a program's argv is not among them. */
struct cmdline {
	struct arena *arena;
	struct qemuopts opts;
	const char *argv0;
	const char *emulator; /* the path of the real emulator, which shows the architecture; NULL: argv0 has it */
	struct arg *args;
	size_t n, cap;
	/* the folder of the open files that its descriptors mean, of lib/host/vfiocdev.h; NULL: nobody's */
	const char *files;
};

/*
 * Cuts argv into arguments as lookup_opt() of QEMU's vl.c does: one or two
 * dashes, and an option that takes a value eats the next word whatever it is.
 * An unknown option owns the next word if that does not begin with '-'.
 */
void cmdline_parse(struct arena *a, const struct qemuopts *opts, char *const *argv,
		   struct cmdline *c);

/* argv again, NULL-terminated, n words before the NULL. */
const char **cmdline_argv(const struct cmdline *c, size_t *n);

/* Is this a (living, whole) use of the option, by whichever of its names? */
bool arg_is(const struct arg *arg, const struct qemuopt *canonical);

/* Adds an option at the end (before a last one that lacks its value). value NULL: a flag. */
struct arg *cmdline_add(struct cmdline *c, const struct qemuopt *opt, const char *value);

/* Gives an argument a new value; remembers what it was. */
void arg_change(struct arg *arg, const char *value);
