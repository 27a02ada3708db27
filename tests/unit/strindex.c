/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strindex.h"

#include "unit.h"

static void each_name_has_its_first_number(void **state)
{
	struct strindex x = { .arena = &arena };

	(void)state;
	for (size_t round = 0; round < 2; round++)
		for (size_t owner = 0; owner < 3; owner++)
			for (size_t i = 0; i < 500; i++)
				assert_int_equal(strindex_add(&x, owner, arena_printf(&arena, "name%zu", i),
							      round * 7777 + owner * 500 + i),
						 owner * 500 + i);
	assert_int_equal(x.n, 1500);
}

static void an_empty_name_is_a_name(void **state)
{
	struct strindex x = { .arena = &arena };

	(void)state;
	assert_int_equal(strindex_add(&x, 0, "", 3), 3);
	assert_int_equal(strindex_add(&x, 0, "", 4), 3);
	assert_int_equal(strindex_add(&x, 1, "", 5), 5);
}

int main(void)
{
	UNIT_TEST("each name has its first number", each_name_has_its_first_number);
	UNIT_TEST("an empty name is a name", an_empty_name_is_a_name);
	return unit_run("strindex");
}
