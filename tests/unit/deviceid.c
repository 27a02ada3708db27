/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/deviceid.h"

#include "unit.h"

static const struct row {
	const char *name, *text;
	bool is;
} rows[] = {
	{ "a device of lspci -n", "10de:1b06", true },
	{ "capitals", "10DE:1B06", true },
	{ "three digits", "10d:1b06", false },
	{ "five digits", "10de:1b06a", false },
	{ "another sign between them", "10de-1b06", false },
	{ "a letter past f", "10dg:1b06", false },
	{ "an address", "01:00.0", false },
	{ "one number", "10de", false },
	{ "nothing", "", false },
};

static void is_an_id(void **state)
{
	const struct row *row = *state;

	assert_int_equal(deviceid_is(row->text), row->is);
}

int main(void)
{
	UNIT_ROWS(rows, is_an_id);
	return unit_run("deviceid");
}
