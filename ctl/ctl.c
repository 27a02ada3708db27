/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>

#include "arena.h"
#include "jsondoc.h"
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

int ctl_wrong(const struct command *command, const char *fmt, ...)
{
	struct arena a = { 0 };
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(&a, fmt, ap);
	va_end(ap);
	ctl_fail("%s%s%s", command->name, *command->name ? ": " : "", text);
	arena_free(&a);
	return CTL_USAGE;
}

const char *ctl_name(struct arena *a, const struct command *command)
{
	return arena_printf(a, "kvmshim%s%s", *command->name ? " " : "", command->name);
}

void ctl_print_json(struct arena *a, struct json_object *o)
{
	fputs(jsondoc_text(a, o), stdout);
	json_object_put(o);
}
