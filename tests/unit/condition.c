/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/condition.h"

#include <errno.h>

#include "err.h"
#include "str.h"
#include "unit.h"

/* values: with |; NULL: the fact is not known; "": known, and none. */
static const struct row {
	const char *name;
	enum fact fact;
	const char *globs, *values;
	enum verdict want;
} rows[] = {
	{ "a glob that matches holds", FACT_NAME, "instance-*", "instance-0001", COND_HOLDS },
	{ "a glob that does not match fails", FACT_NAME, "instance-*", "web", COND_FAILS },
	{ "one of several globs is enough", FACT_NAME, "a*, b*", "bcd", COND_HOLDS },
	{ "none of several globs", FACT_NAME, "a*, b*", "cde", COND_FAILS },
	{ "a negated glob that matches fails", FACT_NAME, "!guestfs-*", "guestfs-1", COND_FAILS },
	{ "a negated glob that does not match holds by itself", FACT_NAME, "!guestfs-*", "web",
	  COND_HOLDS },
	{ "a negated glob wins over one that matches", FACT_NAME, "web*, !web-test", "web-test",
	  COND_FAILS },
	{ "in whatever order", FACT_NAME, "!web-test, web*", "web-test", COND_FAILS },
	{ "where there is a glob without !, one of them must match", FACT_NAME, "!a, b", "c",
	  COND_FAILS },
	{ "and then it holds", FACT_NAME, "!a, b", "b", COND_HOLDS },
	{ "blanks after the ! do not count", FACT_NAME, "!  a", "a", COND_FAILS },
	{ "an escaped ! is a !", FACT_NAME, "\\!a", "!a", COND_HOLDS },
	{ "an escaped comma is part of the glob", FACT_NAME, "a\\,b", "a,b", COND_HOLDS },
	{ "an unknown fact is neither held nor failed", FACT_FLAVOR, "hpc.*", NULL, COND_UNKNOWN },
	{ "negated or not", FACT_FLAVOR, "!hpc.*", NULL, COND_UNKNOWN },
	{ "a star does not make it known", FACT_NAME, "*", NULL, COND_UNKNOWN },
	{ "a fact without values fails a glob", FACT_PCI, "10de:*", "", COND_FAILS },
	{ "a fact without values holds a negated one", FACT_PCI, "!10de:*", "", COND_HOLDS },
	{ "one of several values is enough", FACT_PCI, "10de:*", "8086:10fb|10de:1b06", COND_HOLDS },
	{ "one of several values fails a negated glob", FACT_PCI, "!10de:*", "8086:10fb|10de:1b06",
	  COND_FAILS },
	{ "PCI ids have no case", FACT_PCI, "10DE:1B*", "10de:1b06", COND_HOLDS },
	{ "UUIDs have no case", FACT_UUID, "4C4C4544-*", "4c4c4544-0031-3310-8047-b3c04f4a3532",
	  COND_HOLDS },
	{ "names have", FACT_NAME, "WEB", "web", COND_FAILS },
	{ "a project is known by name or id", FACT_PROJECT, "0123*", "admin|0123abcd", COND_HOLDS },
	{ "an empty name is a name", FACT_NAME, "*", "|", COND_HOLDS },
};

static const struct restricts {
	const char *name;
	enum fact fact;
	const char *globs;
	bool want;
} restricting[] = {
	{ "a name", FACT_NAME, "a", true },
	{ "a part of a name", FACT_NAME, "a*", true },
	{ "every name but one", FACT_NAME, "!a", false },
	{ "every name but two", FACT_NAME, "!a, !b", false },
	{ "names, but not one", FACT_NAME, "!a, b", true },
	{ "every name", FACT_NAME, "*", false },
	{ "every name, with more stars", FACT_NAME, "**?*", false },
	{ "every name of a length", FACT_NAME, "???", false },
	{ "a star that is meant", FACT_NAME, "\\*", true },
	{ "a name or every name", FACT_NAME, "a, *", false },
	{ "every UUID", FACT_UUID, "*-*-*-*-*", false },
	{ "a part of a UUID", FACT_UUID, "4c4c*", true },
	{ "every PCI device", FACT_PCI, "*:*", false },
	{ "a vendor", FACT_PCI, "10de:*", true },
	{ "names with dashes", FACT_NAME, "*-*", true },
	{ "an option", FACT_OPTION, "-device[driver=x]", true },
	{ "an option that is missing", FACT_OPTION, "!-device", false },
};

static void restricts(void **state)
{
	const struct restricts *row = *state;
	struct condition c = { .fact = row->fact };
	struct err err;

	assert_int_equal(condition_add(&arena, &c, row->globs, 1, &err), 0);
	assert_int_equal(condition_restricts(&c), row->want);
}

static void give_values(struct facts *f, enum fact fact, const char *values)
{
	if (!values)
		return;
	f->of[fact].known = true;
	while (*values) {
		size_t len = strcspn(values, "|");

		fact_add(&arena, f, fact, arena_strndup(&arena, values, len));
		values += len + (values[len] == '|');
	}
}

static void judges(void **state)
{
	const struct row *row = *state;
	struct condition c = { .fact = row->fact };
	struct facts f = { 0 };
	struct err err;

	assert_int_equal(condition_add(&arena, &c, row->globs, 1, &err), 0);
	give_values(&f, row->fact, row->values);
	assert_int_equal(condition_eval(&c, &f), row->want);
}

/* The key repeated says the same as commas. */
static void lines_add_up(void **state)
{
	struct condition c = { .fact = FACT_NAME };
	struct facts f = { 0 };
	struct err err;

	(void)state;
	condition_add(&arena, &c, "a*", 1, &err);
	condition_add(&arena, &c, "b*, !bad", 2, &err);
	assert_text(condition_text(&arena, &c), "when-name = a*, b*, !bad");
	give_values(&f, FACT_NAME, "bad");
	assert_int_equal(condition_eval(&c, &f), COND_FAILS);
	f = (struct facts){ 0 };
	give_values(&f, FACT_NAME, "best");
	assert_int_equal(condition_eval(&c, &f), COND_HOLDS);
}

static bool has_cpu_only(const void *cmdline, const struct target *t)
{
	assert_ptr_equal(cmdline, &arena);
	return str_eq(t->option, "cpu") && t->n == 0;
}

static const struct option_row {
	const char *name, *lines[2];
	enum verdict want;
} options[] = {
	{ "an option that is there", { "-cpu" }, COND_HOLDS },
	{ "an option that is not", { "-device" }, COND_FAILS },
	{ "an option that must not be there, and is not", { "!-device" }, COND_HOLDS },
	{ "an option that must not be there, and is", { "! -cpu" }, COND_FAILS },
	{ "a selector is asked too", { "-cpu[model=host]" }, COND_FAILS },
	{ "a comma in a selector does not divide", { "-cpu[model=a,x=b]" }, COND_FAILS },
	{ "one of two lines is enough", { "-device", "-cpu" }, COND_HOLDS },
	{ "both lines have to allow it", { "-cpu", "!-cpu" }, COND_FAILS },
};

static void judges_options(void **state)
{
	const struct option_row *row = *state;
	struct condition c = { .fact = FACT_OPTION };
	struct facts f = { .has_option = has_cpu_only, .cmdline = &arena };
	struct err err;

	for (size_t i = 0; i < 2 && row->lines[i]; i++)
		assert_int_equal(condition_add(&arena, &c, row->lines[i], 1, &err), 0);
	assert_int_equal(condition_eval(&c, &f), row->want);
}

static const struct bad {
	const char *name;
	enum fact fact;
	const char *text, *says;
} bad[] = {
	{ "a condition without a value", FACT_NAME, "", "the value is empty" },
	{ "a comma with nothing behind it", FACT_NAME, "a,", "the value is empty" },
	{ "two commas", FACT_NAME, "a,,b", "the value is empty" },
	{ "a ! alone", FACT_NAME, "!", "the value is empty" },
	{ "a ! and blanks", FACT_NAME, "a, !  , b", "the value is empty" },
	{ "a PCI id without its vendor", FACT_PCI, "10de",
	  "'10de': must be VENDOR:DEVICE as `lspci -nn` prints them, such as 10de:1b06 or 10de:*" },
	{ "one that is cut off", FACT_PCI, "10de:1b0", "'10de:1b0': must be VENDOR:DEVICE" },
	{ "one with more behind it", FACT_PCI, "10de:1b06:1", "'10de:1b06:1': must be VENDOR:DEVICE" },
	{ "one without its colon", FACT_PCI, "10de1b06", "'10de1b06': must be VENDOR:DEVICE" },
	{ "a PCI address is no id", FACT_PCI, "10de:*, 0000:05:00.0", "'0000:05:00.0': must be VENDOR:DEVICE" },
	{ "a UUID that is none", FACT_UUID, "!foo",
	  "'foo': must be a UUID, such as 4c4c4544-0031-3310-8047-b3c04f4a3532, or a part of a "
	  "UUID with *" },
	{ "an option without its dash", FACT_OPTION, "cpu", "must begin with -OPTION" },
	{ "no option", FACT_OPTION, "", "must begin with -OPTION" },
	{ "a negated nothing", FACT_OPTION, "!", "must begin with -OPTION" },
	{ "two options in a line", FACT_OPTION, "-cpu -device", "'-device' after -cpu" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct condition c = { .fact = row->fact };
	struct err err;

	assert_int_equal(condition_add(&arena, &c, row->text, 1, &err), -EINVAL);
	assert_says(err.text, row->says);
}

static void keys_have_names(void **state)
{
	(void)state;
	for (enum fact f = 0; f < FACT_COUNT; f++)
		assert_true(str_starts(condition_keys[f], "when-"));
}

int main(void)
{
	UNIT_ROWS(restricting, restricts);
	UNIT_ROWS(rows, judges);
	UNIT_TEST("lines of the same key add up", lines_add_up);
	UNIT_ROWS(options, judges_options);
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("every fact has a key", keys_have_names);
	return unit_run("condition");
}
