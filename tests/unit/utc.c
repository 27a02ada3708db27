/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "utc.h"

#include "unit.h"

static void reads_back(void **state)
{
	time_t when;

	(void)state;
	assert_text(utc_text(&arena, 0), "1970-01-01T00:00:00Z");
	assert_text(utc_text(&arena, 1795269785), "2026-11-21T14:03:05Z");
	assert_true(utc_read("2026-11-21T14:03:05Z", &when));
	assert_int_equal(when, 1795269785);
}

static void reads_nothing_else(void **state)
{
	time_t when;

	(void)state;
	assert_false(utc_read(NULL, &when));
	assert_false(utc_read("", &when));
	assert_false(utc_read("2026-11-21", &when));
	assert_false(utc_read("?", &when));
}

int main(void)
{
	UNIT_TEST("a time becomes a text, and a text a time", reads_back);
	UNIT_TEST("a text that is not a time is refused", reads_nothing_else);
	return unit_run("utc");
}
