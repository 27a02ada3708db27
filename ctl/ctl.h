/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/options.h"
#include "root.h"

struct arena;
struct json_object;

/* Every command gets this: the host, and the form of its output. */
struct ctl {
	struct host host;
	bool json;
	bool colour; /* stdout is a terminal that has them, and NO_COLOR does not forbid it */
};

/*
 * Exit statuses of all commands: all is well; a problem was found; the command line is wrong,
 * or the command could not be done.
 */
enum { CTL_FINE, CTL_FOUND, CTL_USAGE };

/* A subcommand is a row. Newlines in its texts begin another line of --help. */
struct command {
	const char *name;
	const char *usage; /* a line for each way to write it */
	const char *help;  /* one line, for the list of all commands */
	const char *about; /* what it does, in sentences */
	const struct option_row *options;
	struct operand_row operands;
	const char *examples;
	const char *manual;	  /* NULL: kvmshim(8) */
	void (*print_list)(struct arena *a); /* of the operands that it knows; or NULL */
	int (*run)(struct ctl *ctl, int argc, char *const *argv); /* argv[0] is its own name */
};

extern const struct command command_check, command_explain, command_status, command_recover,
	command_bind, command_unbind, command_doctor, command_devices, command_generate,
	command_emulators; /* for kvmshim-place, and not in the list */

/* Prints a line to stderr, "kvmshim: …", fit for a terminal; returns CTL_USAGE. */
int ctl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command that is called wrongly: "kvmshim: devices: …". */
int ctl_wrong(const struct command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "kvmshim devices" */
const char *ctl_name(struct arena *a, const struct command *command);

/* Prints the result of --json to stdout, and frees it. */
void ctl_print_json(struct arena *a, struct json_object *o);
