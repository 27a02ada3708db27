/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>

#include "arena.h"
#include "str.h"

int ctl_fail(const char *fmt, ...)
{
	struct arena a = { 0 };
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "kvmshim: %s\n", str_printable(&a, arena_vprintf(&a, fmt, ap)));
	va_end(ap);
	arena_free(&a);
	return CTL_USAGE;
}

int ctl_help(const struct command *command)
{
	printf("usage: kvmshim %s %s\n  %s\n", command->name, command->usage, command->help);
	return CTL_FINE;
}

int ctl_usage(const struct command *command)
{
	fprintf(stderr, "usage: kvmshim %s %s\n", command->name, command->usage);
	return CTL_USAGE;
}
