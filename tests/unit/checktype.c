/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/type.h"

#include "unit.h"

static const struct row {
	const char *name, *type, *value, *wants;
	enum json_kind kind;
} rows[] = {
	{ "on is a bool", "bool", "on", NULL, JSON_BOOL },
	{ "so is no", "bool", "no", NULL, JSON_BOOL },
	{ "a number is none", "bool", "1", "on or off", JSON_BOOL },
	{ "auto is one of three", "OnOffAuto", "auto", NULL, JSON_STRING },
	{ "yes is not", "OnOffAuto", "yes", "on, off or auto", JSON_STRING },
	{ "a number", "uint16", "1024", NULL, JSON_NUMBER },
	{ "a hex number", "uint64", "0x1f", NULL, JSON_NUMBER },
	{ "a negative number", "int32", "-1", NULL, JSON_NUMBER },
	{ "a word is no number", "uint16", "many", "a number", JSON_NUMBER },
	{ "nothing is no number", "uint16", "", "a number", JSON_NUMBER },
	{ "a number has no suffix", "uint32", "4K", "a number", JSON_NUMBER },
	{ "a size has", "size", "4K", NULL, JSON_NUMBER },
	{ "an object's int may be a size", "int", "1G", NULL, JSON_NUMBER },
	{ "two suffixes are none", "size", "4KB", "a size", JSON_NUMBER },
	{ "any text is a str", "str", "on", NULL, JSON_STRING },
	{ "a type that is not known takes anything", "PCIELinkSpeed", "8", NULL, JSON_STRING },
};

static void fits(void **state)
{
	const struct row *row = *state;

	assert_text(checktype_wants(row->type, row->value), row->wants);
	assert_int_equal(checktype_kind(row->type), row->kind);
}

int main(void)
{
	UNIT_ROWS(rows, fits);
	return unit_run("checktype");
}
