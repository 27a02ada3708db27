/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's JSON: each row was tried with QEMU 7.2 (-device JSON -version). */
#include "wrapper/line/json.h"

#include <errno.h>

#include "err.h"
#include "str.h"
#include "unit.h"

static const struct good {
	const char *name, *text, *want; /* all nodes: "path=plain" */
} good[] = {
	{ "an empty object", "{}", "={}" },
	{ "a member", "{\"a\":\"b\"}", "={\"a\":\"b\"} a=b" },
	{ "all kinds of values", "{\"a\":1,\"b\":true,\"c\":false,\"d\":null,\"e\":[],\"f\":\"\"}",
	  "={\"a\":1,\"b\":true,\"c\":false,\"d\":null,\"e\":[],\"f\":\"\"}"
	  " a=1 b=on c=off d=null e=[] f=" },
	{ "nested values", "{\"a\":{\"b\":[1,{\"c\":2}]}}",
	  "={\"a\":{\"b\":[1,{\"c\":2}]}} a={\"b\":[1,{\"c\":2}]} b=[1,{\"c\":2}] 0=1 1={\"c\":2} c=2" },
	{ "space between and around everything", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
	  "={ \"a\" : [ 1 , 2 ] } a=[ 1 , 2 ] 0=1 1=2" },
	{ "single quotes", "{'a':'b'}", "={'a':'b'} a=b" },
	{ "double quotes inside single ones", "['a\"b']", "=['a\"b'] 0=a\"b" },
	{ "double quotes beside an escape", "['a\"\\n']", "=['a\"\\n'] 0=a\"\n" },
	{ "an escaped single quote inside single ones", "['a\\'b']", "=['a\\'b'] 0=a'b" },
	{ "a single quote inside double ones", "[\"a'b\"]", "=[\"a'b\"] 0=a'b" },
	{ "an escaped single quote inside double ones", "[\"a\\'b\"]", "=[\"a\\'b\"] 0=a'b" },
	{ "every escape", "[\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"]", "=[\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"]"
							    " 0=\b\f\n\r\t/\\\"" },
	{ "a letter by its number", "[\"\\u0072\"]", "=[\"\\u0072\"] 0=r" },
	{ "a number in capitals", "[\"\\u00E9\"]", "=[\"\\u00E9\"] 0=\xc3\xa9" },
	{ "a pair of surrogates", "[\"\\ud83d\\ude00\"]", "=[\"\\ud83d\\ude00\"] 0=\xf0\x9f\x98\x80" },
	{ "\\u0000 is the two bytes that QEMU makes of it", "[\"a\\u0000b\"]",
	  "=[\"a\\u0000b\"] 0=a\xc0\x80" "b" },
	{ "those two bytes themselves", "[\"a\xc0\x80\"]", "=[\"a\xc0\x80\"] 0=a\xc0\x80" },
	{ "a key with an escape", "{\"\\u0069d\":1}", "={\"\\u0069d\":1} id=1" },
	{ "an empty key", "{\"\":1}", "={\"\":1} =1" },
	{ "UTF-8 of every length", "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
	  "=[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"] 0=\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "DEL in a string", "[\"\x7f\"]", "=[\"\x7f\"] 0=\x7f" },
	{ "numbers of every form", "[0,-0,7,-1.5,1e5,1E+5,1.25e-3]",
	  "=[0,-0,7,-1.5,1e5,1E+5,1.25e-3] 0=0 1=-0 2=7 3=-1.5 4=1e5 5=1E+5 6=1.25e-3" },
	{ "unsigned 64 bits", "[18446744073709551615]", "=[18446744073709551615] 0=18446744073709551615" },
	{ "more than 64 bits", "[99999999999999999999]", "=[99999999999999999999] 0=99999999999999999999" },
	{ "a string alone", "\"x\"", "=x" },
	{ "a number alone", "5", "=5" },
	{ "the same key in two objects", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}",
	  "={\"a\":{\"k\":1},\"b\":{\"k\":1}} a={\"k\":1} k=1 b={\"k\":1} k=1" },
	{ "the same key inside and outside", "{\"k\":{\"k\":1}}", "={\"k\":{\"k\":1}} k={\"k\":1} k=1" },
};

static const char *nodes_text(const struct json_tree *t)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < t->n; i++)
		strbuf_addf(&b, "%s%s=%s", i ? " " : "", t->v[i].key,
			    json_plain(&arena, t, &t->v[i]));
	return strbuf_text(&b);
}

static void takes(void **state)
{
	const struct good *row = *state;
	struct json_tree t;
	struct err err;

	assert_int_equal(json_scan(&arena, row->text, &t, &err), 0);
	assert_text(nodes_text(&t), row->want);
}

static const struct bad {
	const char *name, *text;
} bad[] = {
	{ "nothing", "" },
	{ "space alone", "  " },
	{ "an object that does not end", "{\"a\":1" },
	{ "an array that does not end", "[1" },
	{ "the wrong bracket", "[1}" },
	{ "a comma behind the last member", "{\"a\":1,}" },
	{ "a comma behind the last element", "[1,]" },
	{ "two commas", "[1,,2]" },
	{ "no comma", "[1 2]" },
	{ "no comma between members", "{\"a\":1 \"b\":2}" },
	{ "no colon", "{\"a\" 1}" },
	{ "no value", "{\"a\":}" },
	{ "a key without quotes", "{a:1}" },
	{ "a key that is a number", "{1:1}" },
	{ "a key twice", "{\"a\":1,\"a\":2}" },
	{ "a key twice, differently written", "{\"id\":1,'\\u0069d':2}" },
	{ "a key twice, deep inside", "{\"a\":{\"b\":1,\"c\":2,\"b\":3}}" },
	{ "a second value", "{} {}" },
	{ "something behind it", "{}x" },
	{ "a closing bracket too many", "{}}" },
	{ "a comment", "{/* x */}" },
	{ "a line comment", "{}// x" },
	{ "True", "[True]" },
	{ "NaN", "[NaN]" },
	{ "two words in one", "[truefalse]" },
	{ "a word and a digit", "[true1]" },
	{ "a string that does not end", "[\"a]" },
	{ "a string that ends in the other quote", "[\"a']" },
	{ "a raw newline in a string", "[\"a\nb\"]" },
	{ "a raw tab in a string", "[\"a\tb\"]" },
	{ "an unknown escape", "[\"\\v\"]" },
	{ "an escaped x", "[\"\\x41\"]" },
	{ "three digits after \\u", "[\"\\u041\"]" },
	{ "no digits after \\u", "[\"\\uzzzz\"]" },
	{ "an escape at the end", "[\"\\" },
	{ "\\u at the end", "[\"\\u00" },
	{ "the first half of a pair", "[\"\\ud83d\"]" },
	{ "the first half and a letter", "[\"\\ud83d\\u0041\"]" },
	{ "the second half of a pair", "[\"\\ude00\"]" },
	{ "two first halves", "[\"\\ud83d\\ud83d\"]" },
	{ "a noncharacter by its number", "[\"\\ufffe\"]" },
	{ "another one", "[\"\\uFDD0\"]" },
	{ "a noncharacter by a pair", "[\"\\ud83f\\udffe\"]" },
	{ "a noncharacter in bytes", "[\"\xef\xbf\xbe\"]" },
	{ "another one in bytes", "[\"\xef\xb7\x90\"]" },
	{ "a noncharacter of four bytes", "[\"\xf0\x9f\xbf\xbf\"]" },
	{ "latin-1", "[\"\xff\"]" },
	{ "a surrogate in bytes", "[\"\xed\xa0\x80\"]" },
	{ "bytes longer than needed", "[\"\xc1\xbf\"]" },
	{ "UTF-8 outside of a string", "[\xc3\xa9]" },
	{ "a leading zero", "[01]" },
	{ "a leading plus", "[+1]" },
	{ "no digit before the point", "[.5]" },
	{ "no digit behind the point", "[1.]" },
	{ "no digit behind the e", "[1e]" },
	{ "no digit behind the sign", "[1e+]" },
	{ "a minus alone", "[-]" },
	{ "hex", "[0x10]" },
	{ "a number and a letter", "[1a]" },
	{ "two points", "[1.2.3]" },
	{ "interpolation", "[%d]" },
	{ "a form feed is no space", "[1,\f2]" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct json_tree t;
	struct err err;

	assert_int_equal(json_scan(&arena, row->text, &t, &err), -EINVAL);
	assert_says(err.text, "QEMU does not accept this JSON: ");
}

/* objects around arrays around a 1 */
static const char *nested(size_t objects, size_t arrays)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < objects; i++)
		strbuf_add(&b, "{\"a\":");
	for (size_t i = 0; i < arrays; i++)
		strbuf_addc(&b, '[');
	strbuf_addc(&b, '1');
	for (size_t i = 0; i < arrays; i++)
		strbuf_addc(&b, ']');
	for (size_t i = 0; i < objects; i++)
		strbuf_addc(&b, '}');
	return strbuf_text(&b);
}

static const struct depth {
	const char *name;
	size_t objects, arrays;
	bool want;
} depths[] = {
	{ "1024 objects", 1024, 0, true },
	{ "1025 objects are too deep", 1025, 0, false },
	{ "an object and 1023 arrays", 1, 1023, true },
	{ "an object and 1024 arrays are too deep", 1, 1024, false },
	{ "512 and 512", 512, 512, true },
	{ "512 and 513: both kinds count together", 512, 513, false },
	{ "100,000 arrays do not exhaust the stack", 0, 100000, false },
};

static void nests(void **state)
{
	const struct depth *row = *state;
	struct json_tree t;
	struct err err;

	assert_int_equal(json_scan(&arena, nested(row->objects, row->arrays), &t, &err) == 0,
			 row->want);
}

/* Side by side is not inside. */
static void wide(void **state)
{
	struct strbuf b = { .arena = &arena };
	struct json_tree t;
	struct err err;

	(void)state;
	strbuf_add(&b, "[{}");
	for (int i = 0; i < 5000; i++)
		strbuf_add(&b, ",{},[]");
	strbuf_addc(&b, ']');
	assert_int_equal(json_scan(&arena, b.text, &t, &err), 0);
	assert_int_equal(t.n, 10002);
}

static const struct len {
	const char *name, *text;
	size_t want;
} lens[] = {
	{ "a number before a comma", "12,b=c", 2 },
	{ "an object before a comma", "{\"a\":[1,2]},b=c", 11 },
	{ "a string with a comma", "\"a,b\",c", 5 },
	{ "to the end of the text", "[1]", 3 },
	{ "single quotes", "'a' b", 3 },
	{ "a word", "true,x", 4 },
	{ "no value", "x,true", 0 },
	{ "a value that does not end", "[1,2", 0 },
	{ "nothing", "", 0 },
};

static void measures(void **state)
{
	const struct len *row = *state;

	assert_int_equal(json_value_len(&arena, row->text), row->want);
}

static const struct quote {
	const char *name, *text, *want;
} quotes[] = {
	{ "plain text gets quotes", "abc", "\"abc\"" },
	{ "a slash is not escaped", "/dev/vda", "\"/dev/vda\"" },
	{ "a quote and a backslash are", "a\"b\\", "\"a\\\"b\\\\\"" },
	{ "control bytes are", "a\nb\x01", "\"a\\nb\\u0001\"" },
	{ "UTF-8 stays", "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
	{ "nothing is two quotes", "", "\"\"" },
	{ "a single quote stays", "it's", "\"it's\"" },
	{ "what is not UTF-8 cannot be carried", "a\xff", NULL },
	{ "nor a noncharacter, which QEMU refuses", "\xef\xbf\xbe", NULL },
	{ "nor a sequence cut short", "\xe2\x82", NULL },
};

static void quotes_text(void **state)
{
	const struct quote *row = *state;
	const char *quoted = json_quote(&arena, row->text);
	struct json_tree t;
	struct err err;

	assert_text(quoted, row->want);
	if (!quoted)
		return;
	assert_int_equal(json_scan(&arena, quoted, &t, &err), 0);
	assert_text(json_plain(&arena, &t, &t.v[0]), row->text);
}

static const struct number {
	const char *name, *text;
	bool want;
} numbers[] = {
	{ "0 is a number", "0", true },	     { "-1 is one", "-1", true },
	{ "1.5e3 is one", "1.5e3", true },   { "010 is none", "010", false },
	{ "0x10 is none", "0x10", false },   { "4K is none", "4K", false },
	{ "nothing is none", "", false },    { "1 and a blank is none", "1 ", false },
	{ "a word is none", "one", false },  { "a minus is none", "-", false },
};

static void knows_numbers(void **state)
{
	const struct number *row = *state;

	assert_int_equal(json_is_number(row->text), row->want);
}

int main(void)
{
	UNIT_ROWS(good, takes);
	UNIT_ROWS(bad, refuses);
	UNIT_ROWS(depths, nests);
	UNIT_TEST("ten thousand side by side are not deep", wide);
	UNIT_ROWS(lens, measures);
	UNIT_ROWS(quotes, quotes_text);
	UNIT_ROWS(numbers, knows_numbers);
	return unit_run("json");
}
