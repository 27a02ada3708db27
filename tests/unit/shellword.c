/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shellword.h"

#include "unit.h"

static const struct row {
	const char *name, *word, *want;
} rows[] = {
	{ "a name", "desktop-7", "desktop-7" },
	{ "a path", "/usr/bin/qemu_x86:64,a+b@c%d.real", "/usr/bin/qemu_x86:64,a+b@c%d.real" },
	{ "nothing", "", "''" },
	{ "a blank", "a b", "'a b'" },
	{ "a command", "x$(touch P);id", "'x$(touch P);id'" },
	{ "backquotes", "`id`", "'`id`'" },
	{ "a quote", "it's", "'it'\\''s'" },
	{ "only a quote", "'", "''\\'''" },
	{ "a backslash", "a\\b", "'a\\b'" },
	{ "a glob", "*", "'*'" },
	{ "a home", "~root", "'~root'" },
	{ "an assignment", "A=b", "'A=b'" },
	{ "a comment", "#a", "'#a'" },
	{ "letters that are not ASCII", "\xc3\xa4", "'\xc3\xa4'" },
	{ "an option", "--all", "-- --all" },
	{ "an option with a command", "-x;id", "-- '-x;id'" },
};

static void is_quoted(void **state)
{
	const struct row *row = *state;

	assert_text(shellword(&arena, row->word), row->want);
}

static void behind_an_equals_sign(void **state)
{
	(void)state;
	assert_text(shellword_value(&arena, "/usr/bin/perl"), "/usr/bin/perl");
	assert_text(shellword_value(&arena, "-x;id"), "'-x;id'");
}

int main(void)
{
	UNIT_ROWS(rows, is_quoted);
	UNIT_TEST("no -- behind the '=' of an option", behind_an_equals_sign);
	return unit_run("shellword");
}
