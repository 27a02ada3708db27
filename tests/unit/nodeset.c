/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of NUMA nodes as libvirt writes them. */
#include "nodeset.h"
#include "unit.h"

static const struct spelling {
	const char *name, *text, *want; /* NULL: none */
} spellings[] = {
	{ "one node", "1", "1" },
	{ "several", "0,2,1", "0-2" },
	{ "a range and one more", "0-3,7", "0-3,7" },
	{ "all but one", "0-3,^1", "0,2-3" },
	{ "out and in again", "0-3,^1,1", "0-3" },
	{ "blanks", " 0 - 1 , 3\n", "0-1,3" },
	{ "the last there can be", "1023", "1023" },
	{ "a range up to it", "1022-1023", "1022-1023" },
	{ "nothing", "", NULL },
	{ "none left", "0,^0", NULL },
	{ "one too many", "1024", NULL },
	{ "a range backwards", "3-1", NULL },
	{ "half a range", "1-", NULL },
	{ "a comma at the end", "1,", NULL },
	{ "words", "node1", NULL },
	{ "a sign", "-1", NULL },
	{ "more behind it", "1 2", NULL },
	{ "a number beyond numbers", "99999999999999999999", NULL },
};

static void spelling_is_read(void **state)
{
	const struct spelling *row = *state;
	struct nodeset s;

	assert_int_equal(nodeset_parse(row->text, &s), row->want != NULL);
	if (row->want)
		assert_string_equal(nodeset_text(&arena, &s), row->want);
}

static struct nodeset set(const char *text)
{
	struct nodeset s;

	assert_true(nodeset_parse(text, &s));
	return s;
}

static void sets_are_compared(void **state)
{
	struct nodeset a = set("0-1"), b = set("1-2"), c = set("1"), both = nodeset_join(&a, &b);

	(void)state;
	assert_true(nodeset_meets(&a, &b));
	assert_false(nodeset_within(&a, &b));
	assert_true(nodeset_within(&c, &a));
	assert_string_equal(nodeset_text(&arena, &both), "0-2");
	assert_int_equal(nodeset_count(&both), 3);
	assert_int_equal(nodeset_first(&b), 1);
	assert_false(nodeset_has(&a, 5000));
}

int main(void)
{
	UNIT_ROWS(spellings, spelling_is_read);
	UNIT_TEST("sets meet, lie within each other and are joined", sets_are_compared);
	return unit_run("nodeset");
}
