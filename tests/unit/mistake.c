/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mistake.h"

#include "unit.h"

static const struct row {
	const char *name;
	struct mistake mistake;
	const char *want;
} rows[] = {
	{ "a mistake says file and line", { "50-a.ini", 7, "unknown key 'sett'", false },
	  "50-a.ini:7: error: unknown key 'sett'" },
	{ "a mistake of the whole file says no line", { "50-a.ini", 0, "the file is larger than 1 MiB", false },
	  "50-a.ini: error: the file is larger than 1 MiB" },
	{ "a warning says that it is one", { "50-a.ini", 3, "careful", true },
	  "50-a.ini:3: warning: careful" },
	{ "control bytes of a file do not reach the terminal",
	  { "a\n.ini", 1, "unknown key '\033[2J'", false }, "a\\x0a.ini:1: error: unknown key '\\x1b[2J'" },
};

static void tells(void **state)
{
	const struct row *row = *state;

	assert_text(mistake_text(&arena, &row->mistake), row->want);
}

static void counts_errors_alone(void **state)
{
	struct mistakes m = { .arena = &arena };

	(void)state;
	mistake_add(&m, "a", 1, "x%d", 1);
	mistake_warn(&m, "a", 2, "y");
	mistake_add(&m, "b", 1, "x%d", 1);
	assert_int_equal(m.n, 3);
	assert_int_equal(m.errors, 2);
	assert_text(m.v[0].text, "x1");
	assert_true(m.v[1].warning);
}

static void says_it_once(void **state)
{
	struct mistakes m = { .arena = &arena };

	(void)state;
	for (int i = 0; i < 3; i++)
		mistake_add(&m, "/etc/kvmshim", 0, "writable by others");
	mistake_add(&m, "/etc/kvmshim", 1, "writable by others");
	mistake_add(&m, "/usr/lib/kvmshim", 0, "writable by others");
	mistake_add(&m, "/etc/kvmshim", 0, "another");
	assert_int_equal(m.n, 4);
	assert_int_equal(m.errors, 4);
}

static void many(void **state)
{
	struct mistakes m = { .arena = &arena };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		mistake_add(&m, "a", i, "line %u", i);
	assert_int_equal(m.n, 1000);
	assert_text(m.v[999].text, "line 999");
}

int main(void)
{
	UNIT_ROWS(rows, tells);
	UNIT_TEST("warnings are not counted as mistakes", counts_errors_alone);
	UNIT_TEST("the same mistake of a whole file or folder is said once", says_it_once);
	UNIT_TEST("a thousand mistakes are all kept", many);
	return unit_run("mistake");
}
