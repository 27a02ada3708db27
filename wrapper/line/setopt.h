/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct arg;
struct cmdline;

/* The value of -set: GROUP.ID.KEY=VALUE. */
struct setopt {
	const char *group, *id, *key, *value;
};

/* As qemu_set_option() of QEMU's vl.c reads it; false for a value that QEMU refuses. */
bool setopt_read(struct arena *a, const char *text, struct setopt *s);

/* Is `set` about the option `arg`? Fills *s. QEMU finds the option by its name and its id. */
bool setopt_names(const struct cmdline *c, const struct arg *set, struct arg *arg,
		  struct setopt *s);
