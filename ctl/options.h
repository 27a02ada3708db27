/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct command;
struct ctl;

/*
 * The options and operands of all commands: tables, and one reader. A command declares its rows.
 * The reader fills the command's own struct by them; help.c prints them.
 */

enum option_kind {
	OPTION_END,	     /* of a table */
	OPTION_HELP,	     /* each command has it, without a row of its own */
	OPTION_JSON,	     /* fills the json of struct ctl */
	OPTION_FLAG,	     /* fills a bool */
	OPTION_WORD,	     /* fills a const char *: --log FILE, --log=FILE */
	OPTION_NUMBER,	     /* fills an int, from min to max */
	OPTION_MAYBE,	     /* a word that can be omitted, which fills "": --prometheus [FILE] */
	OPTION_MAYBE_JOINED, /* the same, but the next word is an operand: --qemu[=BINARY] */
};

struct option_row {
	const char *name; /* without its dashes */
	enum option_kind kind;
	size_t at;	   /* offsetof() the member that it fills */
	const char *value; /* the name of its value: "FILE" */
	const char *help;  /* one clause; a newline in it begins another line */
	int min, max;	   /* of a number */
};

/* --json is the same for all commands that have it. */
#define OPTION_ROW_JSON { "json", OPTION_JSON, .help = "print the result as JSON, for programs" }

/* The words of a command that are not options. */
struct operand_row {
	const char *name; /* "ADDRESS"; NULL: the command takes none */
	bool needed, many;
	size_t at; /* offsetof() the struct strv that they fill */
	/* offsetof() the struct strv of another program's command line, after "--"; 0: none */
	size_t line_at;
	/* The operand is a command, which reads the rest: from argv[optind], up to argc. */
	bool is_command;
};

/*
 * Reads the words of a command into its struct. Options and operands can be in any order, and
 * "--" ends the options. A value follows "=", or is the next word, if this does not begin with
 * "-". A name must be complete: an abbreviation in a script fails when a similar option is added.
 * false: the command ends here, with *status; the help, or what is wrong, is printed.
 */
bool options_read(struct ctl *ctl, const struct command *command, int argc, char *const *argv,
		  void *filled, int *status);

/* Does it have a value, always or at times? */
static inline bool option_has_value(const struct option_row *row)
{
	return row->kind >= OPTION_WORD;
}
