/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/pciaddr.h"

#include "unit.h"

static const struct row {
	const char *name, *address, *want;
} rows[] = {
	{ "a function as sysfs spells it", "0000:05:00.0", "0000:05:00.0" },
	{ "without the domain", "05:00.0", "0000:05:00.0" },
	{ "without leading zeros", "5:0.0", "0000:05:00.0" },
	{ "with a short domain", "1:5:0.0", "0001:05:00.0" },
	{ "capitals", "0000:AF:1F.7", "0000:af:1f.7" },
	{ "a domain of more than 16 bits", "10000:e1:00.0", "10000:e1:00.0" },
	{ "a slot", "0000:05:00", "0000:05:00" },
	{ "a slot without the domain", "5:0", "0000:05:00" },
	{ "a bus alone", "05", NULL },
	{ "no slot behind the bus", "0000:05:", NULL },
	{ "a bus of nine bits", "100:00.0", NULL },
	{ "a slot of six bits", "05:20.0", NULL },
	{ "a function of four bits", "05:00.8", NULL },
	{ "three digits", "05:000.0", NULL },
	{ "no function behind the dot", "05:00.", NULL },
	{ "something behind it", "05:00.0x", NULL },
	{ "something behind a slot", "05:00 ", NULL },
	{ "a sign", "-1:00.0", NULL },
	{ "a blank", " 05:00.0", NULL },
	{ "an 0x", "0x5:00.0", NULL },
	{ "a part too many", "0:0:5:0.0", NULL },
	{ "nothing between the colons", "0000::00.0", NULL },
	{ "a path", "../../../etc", NULL },
	{ "nothing", "", NULL },
};

static void spells(void **state)
{
	const struct row *row = *state;

	assert_text(pciaddr_spell(&arena, row->address), row->want);
}

static void functions_only(void **state)
{
	(void)state;
	assert_text(pciaddr_spell_function(&arena, "5:0.1"), "0000:05:00.1");
	assert_text(pciaddr_spell_function(&arena, "0000:05:00"), NULL);
	assert_text(pciaddr_spell_function(&arena, "gpu"), NULL);
}

int main(void)
{
	UNIT_ROWS(rows, spells);
	UNIT_TEST("a slot is no function", functions_only);
	return unit_run("pciaddr");
}
