/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct arena;
struct arg;
struct cmdline;

/* A step from an old list of arguments to a new one. */
struct diff_step {
	const struct arg *old, *new; /* one may be NULL */
};

/* The fewest steps from one command line to another, in order, equal arguments among them. */
struct diff_step *explain_diff(struct arena *a, const struct cmdline *old, const struct cmdline *new,
			  size_t *n);
