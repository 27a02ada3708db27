/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values: edits that leave every other byte alone, and the types that QEMU insists on. */
#include "wrapper/line/optjson.h"

#include <errno.h>

#include "err.h"
#include "line.h"
#include "wrapper/line/optval.h"

static void parse(const char *option, const char *text, struct optval *v)
{
	struct err err;

	assert_int_equal(optval_parse(&arena, line_option(option), text, v, &err), 0);
	assert_true(v->json);
}

static const struct get {
	const char *name, *option, *text, *key, *want;
} gets[] = {
	{ "a string", "device", "{\"driver\":\"x\",\"id\":\"a\"}", "driver", "x" },
	{ "a bool is on or off", "device", "{\"mq\":true,\"rx\":false}", "rx", "off" },
	{ "a number is its digits", "device", "{\"n\":18446744073709551615}", "n",
	  "18446744073709551615" },
	{ "an escape is decoded", "device", "{\"id\":\"\\u0072\\u0031\"}", "id", "r1" },
	{ "a key is decoded", "device", "{\"\\u0069d\":\"r\"}", "id", "r" },
	{ "single quotes", "device", "{'driver':'x'}", "driver", "x" },
	{ "a doubled comma is two", "object", "{\"qom-type\":\"secret\",\"data\":\"a,,b\"}", "data",
	  "a,,b" },
	{ "a nested value by its path", "blockdev", "{\"file\":{\"filename\":\"/a\"}}",
	  "file.filename", "/a" },
	{ "an element by its number", "object", "{\"host-nodes\":[3,5]}", "host-nodes.1", "5" },
	{ "a member of an element", "netdev", "{\"a\":[{\"b\":\"c\"}]}", "a.0.b", "c" },
	{ "a key with a dot in it", "device", "{\"zoned.zone_size\":4096}", "zoned.zone_size", "4096" },
	{ "what is not there", "device", "{\"driver\":\"x\"}", "id", NULL },
	{ "null is a value", "device", "{\"a\":null}", "a", "null" },
};

static void gets_values(void **state)
{
	const struct get *row = *state;
	const struct prop *p;
	struct optval v;

	parse(row->option, row->text, &v);
	p = optval_get(&v, row->key);
	assert_text(p ? p->value : NULL, row->want);
}

static const struct set {
	const char *name, *option, *text, *key, *value, *want;
	bool typed;
} sets[] = {
	/* what is there keeps its type */
	{ "a slot that was a number, which would be a devfn, is a string", "device",
	  "{\"driver\":\"x\",\"addr\":16}", "addr", "5", "{\"driver\":\"x\",\"addr\":\"5\"}" },
	{ "a string stays a string", "device", "{\"driver\":\"x\",\"addr\":\"0x2\"}", "addr", "5",
	  "{\"driver\":\"x\",\"addr\":\"5\"}" },
	{ "a bool stays a bool", "device", "{\"mq\":true}", "mq", "off", "{\"mq\":false}" },
	{ "a bool takes yes and no", "device", "{\"mq\":false}", "mq", "yes", "{\"mq\":true}" },
	{ "a number stays a number", "device", "{\"bootindex\":1}", "bootindex", "2",
	  "{\"bootindex\":2}" },
	{ "an OnOffAuto stays a string", "device", "{\"disable-legacy\":\"auto\"}", "disable-legacy",
	  "on", "{\"disable-legacy\":\"on\"}" },
	{ "a string of digits stays one", "device", "{\"serial\":\"1\"}", "serial", "2",
	  "{\"serial\":\"2\"}" },
	{ "a hex number becomes decimal: JSON has no hex", "device", "{\"iobase\":1}", "iobase",
	  "0x3f8", "{\"iobase\":1016}" },
	{ "a size gets its bytes", "object", "{\"size\":1}", "size", "4G", "{\"size\":4294967296}" },
	{ "64 bits are kept", "device", "{\"n\":1}", "n", "18446744073709551615",
	  "{\"n\":18446744073709551615}" },
	{ "an outright type wins", "device", "{\"mq\":true}", "mq", "\"on\"", "{\"mq\":\"on\"}", true },
	{ "an object can be replaced outright", "blockdev", "{\"file\":{\"a\":1},\"b\":2}", "file",
	  "{\"c\":3}", "{\"file\":{\"c\":3},\"b\":2}", true },

	/* what is new is typed by its look, or by the table */
	{ "on is a bool", "device", "{\"driver\":\"x\"}", "mq", "on", "{\"driver\":\"x\",\"mq\":true}" },
	{ "digits are a number", "device", "{\"driver\":\"x\"}", "rx_queue_size", "1024",
	  "{\"driver\":\"x\",\"rx_queue_size\":1024}" },
	{ "a negative number", "device", "{\"driver\":\"x\"}", "bootindex", "-1",
	  "{\"driver\":\"x\",\"bootindex\":-1}" },
	{ "hex is a number", "device", "{\"driver\":\"x\"}", "x-pci-vendor-id", "0x10de",
	  "{\"driver\":\"x\",\"x-pci-vendor-id\":4318}" },
	{ "anything else is a string", "device", "{\"driver\":\"x\"}", "netdev", "net0",
	  "{\"driver\":\"x\",\"netdev\":\"net0\"}" },
	{ "a slot is a string of digits", "device", "{\"driver\":\"x\"}", "addr", "5",
	  "{\"driver\":\"x\",\"addr\":\"5\"}" },
	{ "the addr of a DIMM is a number", "device", "{\"driver\":\"pc-dimm\"}", "addr", "0x100000000",
	  "{\"driver\":\"pc-dimm\",\"addr\":4294967296}" },
	{ "a size with a suffix", "device", "{\"driver\":\"pcie-root-port\"}", "mem-reserve", "2M",
	  "{\"driver\":\"pcie-root-port\",\"mem-reserve\":2097152}" },
	{ "a size in lower case", "device", "{\"driver\":\"pcie-root-port\"}", "mem-reserve", "2m",
	  "{\"driver\":\"pcie-root-port\",\"mem-reserve\":2097152}" },
	{ "a size in bytes", "device", "{\"driver\":\"x\"}", "mem-reserve", "7b",
	  "{\"driver\":\"x\",\"mem-reserve\":7}" },
	{ "the largest size that fits", "device", "{\"driver\":\"x\"}", "mem-reserve", "15E",
	  "{\"driver\":\"x\",\"mem-reserve\":17293822569102704640}" },
	{ "a driver that is not said is any", "device", "{}", "addr", "5", "{\"addr\":\"5\"}" },
	{ "a new value outright", "device", "{\"driver\":\"x\"}", "a", "[1,\"b\"]",
	  "{\"driver\":\"x\",\"a\":[1,\"b\"]}", true },
	{ "a slash is not escaped", "device", "{\"driver\":\"x\"}", "romfile", "/a/b",
	  "{\"driver\":\"x\",\"romfile\":\"/a/b\"}" },
	{ "quotes and newlines are", "device", "{\"driver\":\"x\"}", "a", "b\"\n",
	  "{\"driver\":\"x\",\"a\":\"b\\\"\\n\"}" },
	{ "a comma needs nothing", "object", "{\"qom-type\":\"secret\"}", "data", "a,b",
	  "{\"qom-type\":\"secret\",\"data\":\"a,b\"}" },

	/* where it goes */
	{ "into an empty object", "device", "{}", "id", "a", "{\"id\":\"a\"}" },
	{ "into an object with a blank", "device", "{ }", "id", "a", "{ \"id\":\"a\"}" },
	{ "before the blanks at the end", "device", "{\"driver\":\"x\"\n}\n", "id", "a",
	  "{\"driver\":\"x\",\"id\":\"a\"\n}\n" },
	{ "every blank and quote elsewhere stays", "device", "{\t'driver' : 'x' , \"mq\" : true } ",
	  "mq", "off", "{\t'driver' : 'x' , \"mq\" : false } " },
	{ "every escape elsewhere stays", "device", "{\"a\":\"\\u0072\\/\",\"b\":1.50,\"mq\":true}",
	  "mq", "off", "{\"a\":\"\\u0072\\/\",\"b\":1.50,\"mq\":false}" },
	{ "a nested value in its place", "blockdev", "{\"file\":{\"a\":\"b\",\"c\":1},\"d\":2}",
	  "file.a", "x", "{\"file\":{\"a\":\"x\",\"c\":1},\"d\":2}" },
	{ "a new value in an object that is there", "blockdev", "{\"file\":{\"a\":\"b\"},\"d\":2}",
	  "file.e", "f", "{\"file\":{\"a\":\"b\",\"e\":\"f\"},\"d\":2}" },
	{ "objects on the way are made", "blockdev", "{\"d\":2}", "a.b.c", "x",
	  "{\"d\":2,\"a\":{\"b\":{\"c\":\"x\"}}}" },
	{ "an element of a list", "object", "{\"host-nodes\":[3,5]}", "host-nodes.1", "7",
	  "{\"host-nodes\":[3,7]}" },
	{ "a dot in a device's property is a dot", "device", "{\"driver\":\"nvme-ns\"}",
	  "zoned.zone_size", "4M", "{\"driver\":\"nvme-ns\",\"zoned.zone_size\":4194304}" },
	{ "also beside a property of its first part", "device",
	  "{\"driver\":\"nvme-ns\",\"zoned\":true}", "zoned.zone_size", "4M",
	  "{\"driver\":\"nvme-ns\",\"zoned\":true,\"zoned.zone_size\":4194304}" },
};

static void sets_one_value(void **state)
{
	const struct set *row = *state;
	const char *text, *again;
	struct optval v, w;
	struct err err = { 0 };

	parse(row->option, row->text, &v);
	assert_int_equal(optval_set(&arena, &v, row->key, row->value, row->typed, &text, &err), 0);
	assert_text(text, row->want);
	parse(row->option, text, &w);
	assert_non_null(optval_get(&w, row->key));
	assert_int_equal(optval_set(&arena, &w, row->key, row->value, row->typed, &again, &err), 0);
	assert_text(again, text);
}

static const struct set cannot[] = {
	{ "a bool that is neither", "device", "{\"mq\":true}", "mq", "auto", "mq must be on or off" },
	{ "a number with a leading zero is octal here, decimal there", "device", "{\"n\":1}", "n",
	  "010", "n must be a number, not '010'" },
	{ "also where it is new", "device", "{\"driver\":\"x\"}", "vectors", "010", "not '010'" },
	{ "a number that is a word", "device", "{\"n\":1}", "n", "two", "n must be a number" },
	{ "a number and a blank", "device", "{\"n\":1}", "n", "4 ", "n must be a number" },
	{ "a suffix that is none", "device", "{\"n\":1}", "n", "4X", "n must be a number" },
	{ "two suffixes", "device", "{\"n\":1}", "n", "4KB", "n must be a number" },
	{ "a size with a point", "device", "{\"n\":1}", "n", "1.5G", "n must be a number" },
	{ "a size beyond 64 bits", "device", "{\"n\":1}", "n", "16E", "n must be a number" },
	{ "a hex number beyond 64 bits", "device", "{\"n\":1}", "n", "0x10000000000000000",
	  "n must be a number" },
	{ "0x alone", "device", "{\"n\":1}", "n", "0x", "n must be a number" },
	{ "an empty number", "device", "{\"n\":1}", "n", "", "n must be a number" },
	{ "an object", "blockdev", "{\"file\":{}}", "file", "x", "file is not a single value here" },
	{ "a list", "object", "{\"host-nodes\":[]}", "host-nodes", "1", "not a single value here" },
	{ "null", "device", "{\"a\":null}", "a", "1", "not a single value here" },
	{ "a member of a string", "blockdev", "{\"file\":\"x\"}", "file.a", "1", "file is not an object" },
	{ "bytes that are not UTF-8", "device", "{\"driver\":\"x\"}", "id", "\xff", "must be UTF-8" },
	{ "a name that is not UTF-8", "device", "{\"driver\":\"x\"}", "\xff", "x", "must be UTF-8" },
};

static void refuses(void **state)
{
	const struct set *row = *state;
	const char *text = "untouched";
	struct optval v;
	struct err err = { 0 };

	parse(row->option, row->text, &v);
	assert_int_equal(optval_set(&arena, &v, row->key, row->value, row->typed, &text, &err),
			 -EINVAL);
	assert_says(err.text, row->want);
	assert_text(text, "untouched");
}

static const struct unset {
	const char *name, *option, *text, *key, *want;
} unsets[] = {
	{ "the first member", "device", "{\"a\":1,\"b\":2}", "a", "{\"b\":2}" },
	{ "the last member", "device", "{\"a\":1,\"b\":2}", "b", "{\"a\":1}" },
	{ "one in the middle", "device", "{\"a\":1,\"b\":2,\"c\":3}", "b", "{\"a\":1,\"c\":3}" },
	{ "the only one", "device", "{\"a\":1}", "a", "{}" },
	{ "with blanks around it", "device", "{ \"a\" : 1 , \"b\" : 2 }", "a", "{ \"b\" : 2 }" },
	{ "the last one with blanks", "device", "{ \"a\" : 1 , \"b\" : 2 }", "b", "{ \"a\" : 1  }" },
	{ "the only one with blanks", "device", "{ \"a\" : 1 }", "a", "{ }" },
	{ "a nested one", "blockdev", "{\"f\":{\"a\":1,\"b\":2},\"c\":3}", "f.b",
	  "{\"f\":{\"a\":1},\"c\":3}" },
	{ "the only nested one leaves an empty object", "blockdev", "{\"f\":{\"a\":1}}", "f.a",
	  "{\"f\":{}}" },
	{ "a whole object", "blockdev", "{\"f\":{\"a\":1},\"c\":3}", "f", "{\"c\":3}" },
	{ "an element", "object", "{\"h\":[3,5,7]}", "h.1", "{\"h\":[3,7]}" },
	{ "what is not there", "device", "{\"a\" : 1}", "b", "{\"a\" : 1}" },
	{ "a member called like a path", "device", "{\"a.b\":1,\"c\":2}", "a.b", "{\"c\":2}" },
};

static void unsets_one_member(void **state)
{
	const struct unset *row = *state;
	struct optval v, w;
	const char *text;

	parse(row->option, row->text, &v);
	text = optval_unset(&arena, &v, row->key);
	assert_text(text, row->want);
	parse(row->option, text, &w);
	if (!strchr(row->key, '1'))
		assert_null(optval_get(&w, row->key));
}

static void what_qemu_refuses(void **state)
{
	static const char *const texts[] = { "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{}{}", "{",
					     "{\"a\":\"\xff\"}" };
	struct optval v;
	struct err err;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(texts); i++)
		assert_int_equal(optval_parse(&arena, line_option("device"), texts[i], &v, &err),
				 -EINVAL);
}

static void untypes(void **state)
{
	(void)state;
	assert_text(optjson_untyped(&arena, "\"a b\""), "a b");
	assert_text(optjson_untyped(&arena, "'a'"), "a");
	assert_text(optjson_untyped(&arena, "true"), "on");
	assert_text(optjson_untyped(&arena, "false"), "off");
	assert_text(optjson_untyped(&arena, "-1.5"), "-1.5");
	assert_null(optjson_untyped(&arena, "null"));
	assert_null(optjson_untyped(&arena, "[]"));
	assert_null(optjson_untyped(&arena, "{}"));
	assert_null(optjson_untyped(&arena, "word"));
}

int main(void)
{
	UNIT_ROWS(gets, gets_values);
	UNIT_ROWS(sets, sets_one_value);
	UNIT_ROWS(cannot, refuses);
	UNIT_ROWS(unsets, unsets_one_member);
	UNIT_TEST("JSON that QEMU refuses is not read", what_qemu_refuses);
	UNIT_TEST("a single value of JSON has a spelling in key=value", untypes);
	return unit_run("optjson");
}
