/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "glob.h"
#include "str.h"

static bool is_bool(const char *value)
{
	return str_to_bool(value) >= 0;
}

static bool is_on_off_auto(const char *value)
{
	return str_eq(value, "on") || str_eq(value, "off") || str_eq(value, "auto");
}

/* 7, -1, 0x1f, and with a suffix where `suffixes` has it. */
static bool is_number_with(const char *value, const char *suffixes)
{
	const char *digits = "0123456789";

	value += *value == '-';
	if (str_starts(value, "0x") || str_starts(value, "0X")) {
		value += 2;
		digits = "0123456789abcdefABCDEF";
	}
	if (strspn(value, digits) == 0)
		return false;
	value += strspn(value, digits);
	return *value == '\0' || (strchr(suffixes, *value) && value[1] == '\0');
}

static bool is_number(const char *value)
{
	return is_number_with(value, "");
}

static bool is_size(const char *value)
{
	return is_number_with(value, "bkmgtpeBKMGTPE");
}

/* The first glob that the type's name fits. */
static const struct {
	const char *glob;
	enum json_kind kind;
	bool (*fits)(const char *value);
	const char *wants;
} types[] = {
	{ "bool", JSON_BOOL, is_bool, "on or off" },
	{ "OnOffAuto", JSON_STRING, is_on_off_auto, "on, off or auto" },
	{ "size*", JSON_NUMBER, is_size, "a size" },
	{ "int", JSON_NUMBER, is_size, "a number" },
	{ "int*", JSON_NUMBER, is_number, "a number" },
	{ "uint*", JSON_NUMBER, is_number, "a number" },
};

const char *checktype_wants(const char *type, const char *value)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (glob_match(types[i].glob, type))
			return types[i].fits(value) ? NULL : types[i].wants;
	return NULL;
}

enum json_kind checktype_kind(const char *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (glob_match(types[i].glob, type))
			return types[i].kind;
	return JSON_STRING;
}
