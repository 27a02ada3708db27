/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -h and --help: one screenful of 80 columns, from the tables that the reader of options uses. */
#include "ctl/help.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "str.h"

const struct option_row help_row = { "help", OPTION_HELP, .help = "print this help" };

void help_lines(const char *first, const char *next, const char *text)
{
	for (const char *before = first;; before = next) {
		size_t len = strcspn(text, "\n");

		printf("%s%.*s\n", before, (int)len, text);
		if (!text[len])
			return;
		text += len + 1;
	}
}

/* "--qemu[=BINARY]" */
static const char *spelling(struct arena *a, const struct option_row *row)
{
	if (row->kind == OPTION_HELP)
		return arena_printf(a, "-h, --%s", row->name);
	if (!option_has_value(row))
		return arena_printf(a, "--%s", row->name);
	if (row->kind == OPTION_MAYBE)
		return arena_printf(a, "--%s [%s]", row->name, row->value);
	if (row->kind == OPTION_MAYBE_JOINED)
		return arena_printf(a, "--%s[=%s]", row->name, row->value);
	return arena_printf(a, "--%s %s", row->name, row->value);
}

static void print_row(struct arena *a, const struct option_row *row, int width)
{
	help_lines(arena_printf(a, "  %-*s  ", width, spelling(a, row)),
		   arena_printf(a, "  %*s  ", width, ""), row->help);
}

static void print_rows(struct arena *a, const struct option_row *rows)
{
	int width = (int)strlen(spelling(a, &help_row));

	for (const struct option_row *row = rows; row && row->kind != OPTION_END; row++) {
		int len = (int)strlen(spelling(a, row));

		width = len > width ? len : width;
	}
	putchar('\n');
	for (const struct option_row *row = rows; row && row->kind != OPTION_END; row++)
		print_row(a, row, width);
	print_row(a, &help_row, width);
}

int help_print(struct arena *a, const struct command *command)
{
	const char *name = ctl_name(a, command);

	help_lines(arena_printf(a, "usage: %s ", name), arena_printf(a, "       %s ", name),
		   command->usage);
	putchar('\n');
	if (command->about)
		help_lines("", "", command->about);
	if (command->print_list)
		command->print_list(a);
	print_rows(a, command->options);
	if (command->examples) {
		puts("\nExamples:");
		help_lines("  ", "  ", command->examples);
	}
	putchar('\n');
	help_lines("The manual: ", "            ",
		   command->manual ? command->manual : "kvmshim(8)");
	return CTL_FINE;
}
