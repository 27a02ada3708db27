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
			  "\"a\\u007f\\u009b\\u202e\\u2069\xe2\x80\xa6\xc3\xa9\\n\"\n}\n");
	back = jsondoc_parse(text, strlen(text));
	assert_true(json_object_object_get_ex(back, "a", &a));
	assert_text(json_object_get_string(a), name);
}

int main(void)
{
	UNIT_ROWS(rows, is_taken);
	UNIT_TEST("whatever is in a text, what is written is JSON", is_always_json);
	UNIT_TEST("what a terminal would obey is escaped", is_inert);
	return unit_run("jsondoc");
}
