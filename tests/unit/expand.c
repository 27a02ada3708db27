/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/expand.h"

#include <errno.h>

#include "err.h"
#include "str.h"
#include "unit.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"

static const struct names all = { "web 1", UUID, "node7" };
static const struct names none = { NULL, NULL, NULL };

static const struct good {
	const char *name, *text, *want;
} good[] = {
	{ "nothing to replace", "a=b", "a=b" },
	{ "the name", "/srv/%n", "/srv/web 1" },
	{ "the UUID", "%u", UUID },
	{ "the host", "x=%h,y", "x=node7,y" },
	{ "a sign for itself", "100%%", "100%" },
	{ "two of them in a row", "%n%h", "web 1node7" },
	{ "a sign and a letter that is none", "%%n", "%n" },
	{ "three signs", "%%%h", "%node7" },
	{ "nothing", "", "" },
};

static void replaces(void **state)
{
	const struct good *row = *state;
	const char *out;
	struct err err;

	assert_int_equal(expand_check(row->text, &err), 0);
	assert_int_equal(expand(&arena, &all, row->text, NULL, &out, &err), 0);
	assert_text(out, row->want);
}

static const struct bad {
	const char *name;
	struct names names;
	const char *text, *says;
} bad[] = {
	{ "a name with a slash could be a path", { "../etc", NULL, NULL }, "/srv/%n",
	  "%n: the name '../etc' contains '/'" },
	{ "a name with a slash in the middle", { "a/b", NULL, NULL }, "%n", "contains '/'" },
	{ "a name that begins with a dot", { ".hidden", NULL, NULL }, "%n", "begins with '.'" },
	{ "a name of two dots", { "..", NULL, NULL }, "%n", "begins with '.'" },
	{ "control bytes of a name are not printed", { ".\n", NULL, NULL }, "%n", "'.\\x0a'" },
	{ "no name", { NULL, UUID, "h" }, "%n", "%n: the command line has no -name" },
	{ "no UUID", { "a", NULL, "h" }, "%u", "%u: the command line has no -uuid" },
	{ "no host", { "a", UUID, NULL }, "%h", "%h: the host has no name" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	const char *out;
	struct err err;

	assert_int_equal(expand_check(row->text, &err), 0);
	assert_int_equal(expand(&arena, &row->names, row->text, NULL, &out, &err), -EINVAL);
	assert_says(err.text, row->says);
}

static const struct unknown {
	const char *name, *text, *says;
} unknowns[] = {
	{ "an unknown letter", "%x", "'%x': must be %n (name), %u (UUID), %h (host) or %%" },
	{ "a capital", "%N", "'%N'" },
	{ "a sign at the end", "50%", "'%' at the end is not valid" },
	{ "a sign before a blank", "50% off", "'% '" },
	{ "behind one that is right", "%n %q", "'%q'" },
};

static void refuses_unknown(void **state)
{
	const struct unknown *row = *state;
	const char *out;
	struct err err;

	assert_int_equal(expand_check(row->text, &err), -EINVAL);
	assert_says(err.text, row->says);
	assert_int_equal(expand(&arena, &all, row->text, NULL, &out, &err), -EINVAL);
}

/* Without % the VM need not have a name. */
static void what_is_not_asked_for_may_be_missing(void **state)
{
	const char *out;
	struct err err;

	(void)state;
	assert_int_equal(expand(&arena, &none, "a%%b", NULL, &out, &err), 0);
	assert_text(out, "a%b");
}

static const char *stars(struct arena *a, const char *value)
{
	return str_eq(value, "web 1") ? arena_printf(a, "*%s*", value) : NULL;
}

static void quotes_what_it_puts_in(void **state)
{
	const char *out;
	struct err err;

	(void)state;
	assert_int_equal(expand(&arena, &all, "<%n>", stars, &out, &err), 0);
	assert_text(out, "<*web 1*>");
	assert_int_equal(expand(&arena, &all, "%h", stars, &out, &err), -EINVAL);
	assert_says(err.text, "%h: the value contains a character that is not allowed here");
}

int main(void)
{
	UNIT_ROWS(good, replaces);
	UNIT_ROWS(bad, refuses);
	UNIT_ROWS(unknowns, refuses_unknown);
	UNIT_TEST("what is not asked for may be missing", what_is_not_asked_for_may_be_missing);
	UNIT_TEST("what is put in is quoted for its place", quotes_what_it_puts_in);
	return unit_run("expand");
}
