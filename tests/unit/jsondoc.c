/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jsondoc.h"

#include "unit.h"

static const struct row {
	const char *name, *text;
	size_t len; /* 0: all of it */
	bool taken;
} rows[] = {
	{ "an object", "{\"a\":[1,2.5,null,true,\"\\u00e9\"]}", 0, true },
	{ "an object with blanks around it", " \n{}\t\n", 0, true },
	{ "an object eight deep", "{\"a\":[[[[[[1]]]]]]}", 0, true },
	{ "an object deeper than eight", "{\"a\":[[[[[[[[1]]]]]]]]}", 0, false },
	{ "nothing", "", 0, false },
	{ "a list", "[]", 0, false },
	{ "a text", "\"a\"", 0, false },
	{ "null", "null", 0, false },
	{ "half an object", "{\"a\":", 0, false },
	{ "two objects", "{}{}", 0, false },
	{ "something behind a NUL", "{}\0{}", 5, false },
	{ "a NUL at the end", "{}\0", 3, false },
	{ "a comma too many", "{\"a\":1,}", 0, false },
	{ "a comment", "{/* */}", 0, false },
	{ "what is not UTF-8", "{\"a\":\"\xc3\"}", 0, false },
	{ "letters above ASCII, of two, three and four bytes", "{\"b\xc3\xbc\":\"\xe2\x82\xac\xf0\x9f\x98\x80\"}", 0, true },
	{ "such a letter behind an escaped backslash", "{\"a\":\"\\\\\xc3\xbc\"}", 0, true },
	{ "such a letter behind a backslash", "{\"a\":\"\\\xc3\xbc\"}", 0, false },
	{ "such a letter outside of strings", "{\"a\":\xc3\xbc}", 0, false },
};

static void is_taken(void **state)
{
	const struct row *row = *state;
	_cleanup_json_ struct json_object *o =
		jsondoc_parse(row->text, row->len ? row->len : strlen(row->text));

	assert_int_equal(o != NULL, row->taken);
}

static void is_always_json(void **state)
{
	_cleanup_json_ struct json_object *o = json_object_new_object(), *back = NULL;
	const char *text;
	struct json_object *a;

	(void)state;
	jsondoc_add(&arena, o, "a", "/\"\\\n\x01\xff\xc3\xa9");
	jsondoc_add(&arena, o, "b", NULL);
	jsondoc_put(&arena, o, "c", NULL);
	text = jsondoc_text(&arena, o);
	assert_int_equal(text[strlen(text) - 1], '\n');
	back = jsondoc_parse(text, strlen(text));
	assert_int_equal(json_object_object_length(back), 2);
	assert_true(json_object_object_get_ex(back, "c", &a));
	assert_null(a);
	assert_true(json_object_object_get_ex(back, "a", &a));
	assert_text(json_object_get_string(a), "/\"\\\n\x01\xef\xbf\xbd\xc3\xa9");
}

/* DEL, C1, and what turns a line around. */
static void is_inert(void **state)
{
	static const char name[] = "a\x7f\xc2\x9b\xe2\x80\xae\xe2\x81\xa9\xe2\x80\xa6\xc3\xa9\n";
	_cleanup_json_ struct json_object *o = json_object_new_object(), *back = NULL;
	struct json_object *a;
	const char *text;

	(void)state;
	jsondoc_add(&arena, o, "a", name);
	text = jsondoc_text(&arena, o);
	assert_text(text, "{\n  \"a\": "
			  "\"a\\u007f\\u009b\\u202e\\u2069\\u2026\\u00e9\\n\"\n}\n");
	back = jsondoc_parse(text, strlen(text));
	assert_true(json_object_object_get_ex(back, "a", &a));
	assert_text(json_object_get_string(a), name);
}

/* Each byte there is, characters of each length, and those that stand for bytes. */
static void keeps_every_byte(void **state)
{
	static const char *const texts[] = {
		"", "b\xc3\xbc" "cher", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff", "a\xc3", "\xed\xa0\x80",
		"\xf4\x8f\x9e\x80" "x", "\xf4\x8f\x9f\xbf", "\xf4\x8f\x9d\xbf", "\xf4\x8f\xbf\xbf", "\\u00e9",
	};
	char all[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	for (size_t i = 0; i <= UNIT_COUNT(texts); i++) {
		const char *want = i < UNIT_COUNT(texts) ? texts[i] : all, *text;
		_cleanup_json_ struct json_object *o = json_object_new_object(), *back = NULL;
		struct json_object *a;

		jsondoc_add_kept(&arena, o, "a", want);
		text = jsondoc_text(&arena, o);
		for (const char *s = text; *s; s++)
			assert_true((unsigned char)*s < 0x80);
		back = jsondoc_parse(text, strlen(text));
		assert_non_null(back);
		assert_true(json_object_object_get_ex(back, "a", &a));
		assert_text(jsondoc_kept(&arena, a), want);
	}
}

int main(void)
{
	UNIT_ROWS(rows, is_taken);
	UNIT_TEST("whatever is in a text, what is written is JSON", is_always_json);
	UNIT_TEST("a state file keeps every byte, in ASCII", keeps_every_byte);
	UNIT_TEST("what a terminal would obey is escaped", is_inert);
	return unit_run("jsondoc");
}
