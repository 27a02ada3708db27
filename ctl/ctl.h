/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "root.h"

struct arena;

/* What every subcommand is given. */
struct ctl {
	struct arena *arena;
	struct root root;
	bool json;
	bool colour; /* stdout is a terminal that has them, and NO_COLOR does not forbid it */
};

/*
 * Exit statuses of all subcommands: all is well; something was found; called
 * wrongly, or what was asked for could not be done.
 */
enum { CTL_FINE, CTL_FOUND, CTL_USAGE };

/* A subcommand is a row: argv[0] is its own name. */
struct command {
	const char *name;
	const char *usage;
	const char *help;
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

extern const struct command command_check, command_explain, command_status, command_recover,
	command_bind, command_unbind, command_doctor, command_devices, command_generate;

/* One line to stderr, "kvmshim: …", fit for a terminal; returns CTL_USAGE. */
int ctl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --help of a subcommand; returns CTL_FINE. */
int ctl_help(const struct command *command);

/* "kvmshim NAME USAGE" to stderr; returns CTL_USAGE. */
int ctl_usage(const struct command *command);
