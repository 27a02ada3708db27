/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/qemuopt.h"

#include "conf/settings.h"
#include "line.h"

static void the_table_is_sorted(void **state)
{
	size_t n;
	const struct qemuopt *t = qemuopt_table(&n);

	(void)state;
	assert_true(n > 150);
	for (size_t i = 1; i < n; i++)
		if (strcmp(t[i - 1].name, t[i].name) >= 0)
			fail_msg("%s stands before %s", t[i - 1].name, t[i].name);
}

static void each_is_found(void **state)
{
	const struct qemuopts opts = { 0 };
	size_t n;
	const struct qemuopt *t = qemuopt_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(qemuopt_find(&opts, t[i].name), &t[i]);
}

/* What the columns say must not contradict itself. */
static void rows_make_sense(void **state)
{
	size_t n;
	const struct qemuopt *t = qemuopt_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct qemuopt *o = &t[i];
		bool keys = o->syntax == SYNTAX_OPTS || o->syntax == SYNTAX_KEYVAL;

		if (o->implied && !keys)
			fail_msg("-%s has an implied key and no keys", o->name);
		if (o->repeat == REPEAT_MERGE && !keys)
			fail_msg("-%s merges and has no keys", o->name);
		if (o->flags & OPT_FIRST_ID && o->syntax != SYNTAX_OPTS)
			fail_msg("-%s: the first id counts in QemuOpts only", o->name);
		if (o->flags & (OPT_JSON | OPT_HELP) && !qemuopt_has_arg(o))
			fail_msg("-%s is a flag and takes a value", o->name);
		if (o->means_key && (!o->means || !o->means_value || qemuopt_has_arg(o)))
			fail_msg("-%s stands for another option's key by halves", o->name);
		if (o->means && !qemuopt_has_arg(line_option(o->means)))
			fail_msg("-%s means a flag", o->name);
	}
}

static const struct row {
	const char *name, *word, *found;
} rows[] = {
	{ "an option by its name", "device", "device" },
	{ "case counts: d is not D", "D", "D" },
	{ "no abbreviation", "nam", NULL },
	{ "no capitals", "NAME", NULL },
	{ "no value behind it", "cpu=host", NULL },
	{ "nothing", "", NULL },
	{ "an option that is gone since 3.1", "balloon", "balloon" },
	{ "an option of 10.0", "shim", "shim" },
	{ "a vendor's option", "id", NULL },
};

static void finds(void **state)
{
	const struct row *row = *state;
	const struct qemuopts opts = { 0 };
	const struct qemuopt *o = qemuopt_find(&opts, row->word);

	assert_text(o ? o->name : NULL, row->found);
}

static void knows_the_admins(void **state)
{
	struct extra_option extra[] = { { "id", true }, { "foo", false }, { "cpu", false } };
	struct settings s = { .extra = extra, .n_extra = 3 };
	struct qemuopts opts = qemuopts_with(&arena, &s);

	(void)state;
	assert_true(qemuopt_has_arg(qemuopt_find(&opts, "id")));
	assert_false(qemuopt_has_arg(qemuopt_find(&opts, "foo")));
	assert_true(qemuopt_has_arg(qemuopt_find(&opts, "cpu")));
	assert_null(qemuopt_find(&opts, "bar"));
	assert_ptr_equal(qemuopt_canonical(qemuopt_find(&opts, "id")), qemuopt_find(&opts, "id"));
}

static void second_names(void **state)
{
	(void)state;
	assert_ptr_equal(qemuopt_canonical(line_option("M")), line_option("machine"));
	assert_ptr_equal(qemuopt_canonical(line_option("machine")), line_option("machine"));
	assert_ptr_equal(qemuopt_canonical(line_option("enable-kvm")), line_option("enable-kvm"));
}

static void hints(void **state)
{
	(void)state;
	assert_says(qemuopt_hint(&arena, "devise"), "device");
	assert_text(qemuopt_hint(&arena, "hypervisor"), "");
}

int main(void)
{
	UNIT_TEST("the table is sorted by bytes, each name once", the_table_is_sorted);
	UNIT_TEST("each option of the table is found", each_is_found);
	UNIT_TEST("no row of the table contradicts itself", rows_make_sense);
	UNIT_ROWS(rows, finds);
	UNIT_TEST("the admin's extra options are known, and do not replace QEMU's",
		  knows_the_admins);
	UNIT_TEST("-M is machine, -enable-kvm is itself", second_names);
	UNIT_TEST("a misspelt option has a nearest one", hints);
	return unit_run("qemuopt");
}
