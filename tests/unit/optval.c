/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values in QEMU's own syntaxes: what they say, and that an edit touches one
 * property alone. What QEMU makes of the same texts is in the recorded vectors
 * (tests/wrapper/vectors.t); these rows have the corners. JSON: optjson.c.
 */
#include "wrapper/line/optval.h"

#include <errno.h>

#include "err.h"
#include "line.h"

static void parse(const char *option, const char *text, struct optval *v)
{
	struct err err;

	assert_int_equal(optval_parse(&arena, line_option(option), text, v, &err), 0);
	assert_text(v->text, text);
}

/* ---- reading ---- */

static const char *props_text(const struct optval *v)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < v->n; i++) {
		const struct prop *p = &v->props[i];

		strbuf_addf(&b, "%s%s%s=%s", i ? "|" : "", p->sign ? (char[]){ p->sign, 0 } : "",
			    p->key, p->value);
	}
	return strbuf_text(&b);
}

static const struct parse {
	const char *name, *option, *text, *want;
} parses[] = {
	{ "nothing says nothing", "device", "", "" },
	{ "a first word is the implied key's", "device", "virtio-rng-pci,id=r",
	  "driver=virtio-rng-pci|id=r" },
	{ "with its key it is the same", "device", "driver=virtio-rng-pci,id=r",
	  "driver=virtio-rng-pci|id=r" },
	{ "a doubled comma is a comma", "name", "a,,b", "guest=a,b" },
	{ "three are a comma and an end", "name", "a,,,debug-threads=on", "guest=a,|debug-threads=on" },
	{ "four are two", "name", "a,,,,b", "guest=a,,b" },
	{ "what looks like a key behind a doubled comma is none", "name", "a,,guest=b",
	  "guest=a,guest=b" },
	{ "a comma at the end is nothing", "name", "foo,", "guest=foo" },
	{ "a doubled one at the end is a comma", "name", "foo,,", "guest=foo," },
	{ "a comma in front is an empty first value", "name", ",debug-threads=on",
	  "guest=|debug-threads=on" },
	{ "a comma alone is an empty first value", "name", ",", "guest=" },
	{ "an = in a value is a =", "name", "guest=a=b", "guest=a=b" },
	{ "an = in a first word makes it a key", "name", "a=b", "a=b" },
	{ "a key without a value is on", "device", "x,id=a,mq", "driver=x|id=a|mq=on" },
	{ "one that begins with no is off", "device", "x,nomq", "driver=x|mq=off" },
	{ "any no is taken off", "device", "x,node-name", "driver=x|de-name=off" },
	{ "also from no itself", "device", "x,no", "driver=x|=off" },
	{ "a bare id is on", "device", "x,id", "driver=x|id=on" },
	{ "an empty item is an empty key", "device", "a=b,,=c", "a=b,=c" },
	{ "an empty value", "device", "x,romfile=", "driver=x|romfile=" },
	{ "an empty value and a comma", "device", "x,romfile=,id=a", "driver=x|romfile=|id=a" },
	{ "an empty key", "device", "x,=v", "driver=x|=v" },
	{ "without an implied key the first word is bare as well", "drive", "snapshot,file=a",
	  "snapshot=on|file=a" },
	{ "blanks mean nothing", "device", " x , id = a ", "driver= x | id = a " },
	{ "bytes are bytes", "name", "\xff\n,x=\\", "guest=\xff\n|x=\\" },
	{ "JSON is text where QEMU reads none", "name", "{\"guest\":\"x\"}", "guest={\"guest\":\"x\"}" },
	{ "and where a blank stands before it", "device", " {\"driver\":\"x\"}",
	  "driver= {\"driver\":\"x\"}" },

	{ "keyval reads the same", "machine", "q35,accel=kvm,usb=on", "type=q35|accel=kvm|usb=on" },
	{ "the type need not be first", "machine", "hpet=off,type=pc+pve0", "hpet=off|type=pc+pve0" },
	{ "keyval's doubled comma", "blockdev", "driver=file,filename=a,,b", "driver=file|filename=a,b" },
	{ "a dotted key", "smp", "2,a.b=c", "cpus=2|a.b=c" },
	{ "an empty machine", "machine", "", "" },

	{ "a CPU is a model and features", "cpu", "host,kvm=off,+x,-y,z",
	  "model=host|kvm=off|+x=on|-y=off|z=on" },
	{ "items that are empty vanish", "cpu", "qemu64,,,kvm=off,,", "model=qemu64|kvm=off" },
	{ "so a comma cannot be doubled", "cpu", "qemu64,hv-vendor-id=a,,b",
	  "model=qemu64|hv-vendor-id=a|b=on" },
	{ "a value may hold = and blanks", "cpu", "host,hv-vendor-id=KVM Hv=1",
	  "model=host|hv-vendor-id=KVM Hv=1" },
	{ "a leading no means nothing here", "cpu", "qemu64,nokvm", "model=qemu64|nokvm=on" },
	{ "a model may be missing", "cpu", ",kvm=off", "model=|kvm=off" },
	{ "a model has no key", "cpu", "model=qemu64,kvm=off", "model=model=qemu64|kvm=off" },
	{ "a + takes the whole word", "cpu", "host,+kvm=off", "model=host|+kvm=off=on" },

	{ "a raw value is one text", "append", "a,,b -cpu x=y", "value=a,,b -cpu x=y" },
	{ "an empty raw value", "append", "", "value=" },

	{ "a short -global", "global", "virtio-rng-pci.max-bytes=7",
	  "driver=virtio-rng-pci|property=max-bytes|value=7" },
	{ "its value is all the rest", "global", "a.b=c,,d,e=f", "driver=a|property=b|value=c,,d,e=f" },
	{ "its driver ends at the first dot", "global", "cfi.pflash01.secure=on",
	  "driver=cfi|property=pflash01.secure|value=on" },
	{ "a long -global", "global", "driver=cfi.pflash01,property=secure,value=on",
	  "driver=cfi.pflash01|property=secure|value=on" },
	{ "its commas are doubled", "global", "driver=a,property=b,value=c,,d",
	  "driver=a|property=b|value=c,d" },
	{ "a -global without a dot is long", "global", "a=b", "a=b" },
	{ "an empty value of a short one", "global", "a.b=", "driver=a|property=b|value=" },
};

static void parses_text(void **state)
{
	const struct parse *row = *state;
	struct optval v;

	parse(row->option, row->text, &v);
	assert_text(props_text(&v), row->want);
}

/* A driver or a property of 64 bytes is too long for the short form. */
static void long_global(void **state)
{
	char name[65] = "";
	struct optval v;

	(void)state;
	memset(name, 'a', 63);
	parse("global", arena_printf(&arena, "%s.%s=1", name, name), &v);
	assert_true(v.short_global);
	name[63] = 'a';
	parse("global", arena_printf(&arena, "%s.b=1", name), &v);
	assert_false(v.short_global);
	parse("global", arena_printf(&arena, "a.%s=1", name), &v);
	assert_false(v.short_global);
}

/* ---- looking up ---- */

static const struct get {
	const char *name, *option, *text, *key, *want;
} gets[] = {
	{ "of two values the last counts", "name", "guest=foo,guest=bar", "guest", "bar" },
	{ "also over the first word", "device", "virtio-rng-pci,driver=virtio-balloon-pci", "driver",
	  "virtio-balloon-pci" },
	{ "of two ids the first counts", "device", "x,id=a,id=b", "id", "a" },
	{ "a bare id in front counts", "device", "x,id,id=b", "id", "on" },
	{ "in keyval the last id counts", "audiodev", "none,id=a,id=b", "id", "b" },
	{ "what is not there is not there", "device", "x,id=a", "bus", NULL },
	{ "a key is all of its letters", "device", "x,addr2=1", "addr", NULL },
	{ "`_` and `-` are the same in -machine", "machine", "q35,dump_guest_core=off",
	  "dump-guest-core", "off" },
	{ "also asked the other way", "machine", "q35,dump-guest-core=off", "dump_guest_core", "off" },
	{ "not in -device", "device", "x,max_bytes=1", "max-bytes", NULL },
	{ "the last of -machine counts", "machine", "q35,smm=off,vmport=off,smm=on", "smm", "on" },

	{ "the later feature counts", "cpu", "qemu64,kvm=off,kvm=on", "kvm", "on" },
	{ "a + beats what follows", "cpu", "qemu64,+kvm,kvm=off", "kvm", "on" },
	{ "and what stands before", "cpu", "qemu64,kvm=off,+kvm", "kvm", "on" },
	{ "a - beats a +", "cpu", "qemu64,+kvm,-kvm", "kvm", "off" },
	{ "also one that follows", "cpu", "qemu64,-kvm,+kvm", "kvm", "off" },
	{ "a - beats a =", "cpu", "qemu64,-kvm,kvm=on", "kvm", "off" },
	{ "a bare feature is on", "cpu", "qemu64,kvm=off,kvm", "kvm", "on" },
	{ "spellings are the same", "cpu", "qemu64,hv-vendor-id=foo,hv_vendor_id=bar", "hv-vendor-id",
	  "bar" },
	{ "the `_` of a value stays", "cpu", "qemu64,hv_vendor_id=foo_bar", "hv-vendor-id", "foo_bar" },
	{ "an empty value is a value", "cpu", "qemu64,hv_vendor_id=", "hv_vendor_id", "" },
	{ "second names are the same", "cpu", "host,+sse4_2", "sse4.2", "on" },
	{ "tsc-freq is tsc-frequency", "cpu", "host,tsc-freq=2G", "tsc-frequency", "2G" },
	{ "the model is what stands first", "cpu", "host,kvm=off", "model", "host" },
	{ "not the property that is called so too", "cpu", "qemu64,family=6,model=15", "model",
	  "qemu64" },
	{ "an unset feature is not there", "cpu", "host", "kvm", NULL },
	{ "case counts", "cpu", "host,KVM=off", "kvm", NULL },
	{ "the value of a raw option", "uuid", "abc", "value", "abc" },
};

static void gets_the_one_that_counts(void **state)
{
	const struct get *row = *state;
	const struct prop *p;
	struct optval v;

	parse(row->option, row->text, &v);
	p = optval_get(&v, row->key);
	assert_text(p ? p->value : NULL, row->want);
}

/* ---- setting ---- */

static const struct set {
	const char *name, *option, *text, *key, *value, *want;
	bool typed;
} sets[] = {
	{ "a value changes in its place", "device", "x,id=a,mq=on,rx=1", "mq", "off", "x,id=a,mq=off,rx=1" },
	{ "a new property comes last", "device", "x,id=a", "mq", "on", "x,id=a,mq=on" },
	{ "a comma at the end is made use of", "device", "x,id=a,", "mq", "on", "x,id=a,mq=on" },
	{ "a doubled one is not", "device", "x,id=a,,", "mq", "on", "x,id=a,,,mq=on" },
	{ "three at the end are a comma and an end", "device", "x,id=a,,,", "mq", "on",
	  "x,id=a,,,mq=on" },
	{ "into an empty value", "machine", "", "usb", "on", "usb=on" },
	{ "behind an empty first word", "name", ",", "debug-threads", "on", ",debug-threads=on" },
	{ "the first word keeps its place without a key", "device", "x,id=a", "driver", "y", "y,id=a" },
	{ "with its key it keeps the key", "device", "driver=x,id=a", "driver", "y", "driver=y,id=a" },
	{ "a value with a = gets the key", "name", "a,x=y", "guest", "b=c", "guest=b=c,x=y" },
	{ "an = behind a comma needs none", "name", "a", "guest", "b,c=d", "b,,c=d" },
	{ "an empty value gets the key", "name", "a,x=y", "guest", "", "guest=,x=y" },
	{ "keyval's first word takes no comma", "machine", "pc", "type", "a,b", "type=a,,b" },
	{ "a first word must not look like JSON", "device", "x,id=a", "driver", "{y", "driver={y,id=a" },
	{ "a comma in a value is doubled", "drive", "file=a,if=none", "file", "b,c", "file=b,,c,if=none" },
	{ "commas at the end of a value", "drive", "file=a", "file", "b,", "file=b,," },
	{ "a doubled comma elsewhere stays", "drive", "file=a,,b,if=none", "if", "virtio",
	  "file=a,,b,if=virtio" },
	{ "a bare key gets its value", "device", "x,mq", "mq", "off", "x,mq=off" },
	{ "a bare no-key gets it too", "device", "x,nomq,id=a", "mq", "on", "x,mq=on,id=a" },
	{ "of two the last one is changed", "device", "x,mq=on,mq=off", "mq", "1", "x,mq=on,mq=1" },
	{ "of two ids the first", "device", "x,id=a,id=b", "id", "c", "x,id=c,id=b" },
	{ "the line's spelling stays", "machine", "q35,dump_guest_core=off", "dump-guest-core", "on",
	  "q35,dump_guest_core=on" },
	{ "an empty item elsewhere stays", "device", "x,a=1,,=2,b=3", "b", "4", "x,a=1,,=2,b=4" },
	{ "a value with every byte", "device", "x", "a", " \\\"'\n\xff", "x,a= \\\"'\n\xff" },

	{ "a typed text is a text", "device", "x", "a", "\"b,c\"", "x,a=b,,c", true },
	{ "a typed number is its digits", "device", "x", "a", "18446744073709551615",
	  "x,a=18446744073709551615", true },
	{ "a typed bool is on or off", "device", "x,a=on", "a", "false", "x,a=off", true },

	{ "a feature is added", "cpu", "host", "kvm", "off", "host,kvm=off" },
	{ "behind a comma", "cpu", "host,", "kvm", "off", "host,kvm=off" },
	{ "a feature changes in its place", "cpu", "host,kvm=on,+x", "kvm", "off", "host,kvm=off,+x" },
	{ "a + would win, so it goes", "cpu", "host,+kvm,x=y", "kvm", "off", "host,kvm=off,x=y" },
	{ "a - would win, so it goes", "cpu", "host,x=y,-kvm", "kvm", "on", "host,x=y,kvm=on" },
	{ "every mention goes", "cpu", "host,kvm,+kvm,a,-kvm,kvm=on", "kvm", "off", "host,kvm=off,a" },
	{ "in every spelling", "cpu", "host,hv_vendor_id=a,+x,hv-vendor-id=b", "hv-vendor-id", "c",
	  "host,hv-vendor-id=c,+x" },
	{ "and every name", "cpu", "host,+sse4_2,tsc-freq=1", "sse4.2", "off",
	  "host,sse4.2=off,tsc-freq=1" },
	{ "a feature that is set so already, among empty items", "cpu", "a,,b,kvm=off,,", "kvm", "off",
	  "a,,b,kvm=off,," },
	{ "a model in its place", "cpu", "host,kvm=off", "model", "qemu64", "qemu64,kvm=off" },
	{ "a property called model stays", "cpu", "qemu64,family=6,model=15", "model", "host",
	  "host,family=6,model=15" },
	{ "a CPU value with =", "cpu", "host", "hv-vendor-id", "a=b", "host,hv-vendor-id=a=b" },

	{ "a raw value is replaced whole", "append", "a b", "value", "c,,d=e", "c,,d=e" },
	{ "an empty raw value", "append", "", "value", "x", "x" },
	{ "the value of a short -global", "global", "a.b=1", "value", "x,y", "a.b=x,y" },
	{ "the value of a long -global", "global", "driver=a,property=b,value=1", "value", "x,y",
	  "driver=a,property=b,value=x,,y" },
};

static void sets_one_property(void **state)
{
	const struct set *row = *state;
	const char *text, *again;
	struct optval v, w;
	struct err err;

	parse(row->option, row->text, &v);
	assert_int_equal(optval_set(&arena, &v, row->key, row->value, row->typed, &text, &err), 0);
	assert_text(text, row->want);
	parse(row->option, text, &w);
	assert_int_equal(optval_set(&arena, &w, row->key, row->value, row->typed, &again, &err), 0);
	assert_text(again, text);
}

static const struct set cannot[] = {
	{ "a comma in a CPU's value", "cpu", "host", "hv-vendor-id", "a,b", "does not allow a comma" },
	{ "a typed list", "device", "x", "a", "[1]", "does not allow a JSON object, array or null", true },
	{ "a typed object", "machine", "x", "a", "{}", "does not allow a JSON object, array or null", true },
	{ "a typed nothing", "device", "x", "a", "null", "does not allow a JSON object, array or null", true },
	{ "another property of a raw option", "uuid", "abc", "x", "y", "-uuid has no property 'x'" },
};

static void refuses(void **state)
{
	const struct set *row = *state;
	const char *text = "untouched";
	struct optval v;
	struct err err;

	parse(row->option, row->text, &v);
	assert_int_equal(optval_set(&arena, &v, row->key, row->value, row->typed, &text, &err),
			 -EINVAL);
	assert_says(err.text, row->want);
	assert_text(text, "untouched");
}

/* ---- unsetting ---- */

static const struct unset {
	const char *name, *option, *text, *key, *want;
} unsets[] = {
	{ "a property in the middle", "device", "x,id=a,mq=on,rx=1", "mq", "x,id=a,rx=1" },
	{ "the last one takes its comma along", "device", "x,id=a,mq=on", "mq", "x,id=a" },
	{ "the first one too", "drive", "file=a,if=none", "file", "if=none" },
	{ "every mention goes", "device", "x,mq=on,id=a,mq,nomq", "mq", "x,id=a" },
	{ "what is not there takes nothing along", "device", "x,id=a", "mq", "x,id=a" },
	{ "the only one leaves nothing", "machine", "usb=on", "usb", "" },
	{ "every spelling goes", "machine", "q35,dump_guest_core=on,dump-guest-core=on",
	  "dump_guest_core", "q35" },
	{ "a doubled comma elsewhere stays", "drive", "file=a,,b,if=none,id=c", "if", "file=a,,b,id=c" },
	{ "a doubled comma goes with its value", "drive", "file=a,,b,if=none", "file", "if=none" },
	{ "a bare key that comes to stand first is no driver", "device", "driver=x,mq,id=a", "driver",
	  "mq=on,id=a" },
	{ "nor a bare no-key", "device", "x,nomq", "driver", "mq=off" },
	{ "a key with its value stays as it is", "device", "x,id=a,mq", "driver", "id=a,mq" },
	{ "an empty item does not double a comma", "device", "x,usb,,y=1", "usb", "x,=on,y=1" },
	{ "a comma at the end stays where nothing is taken out", "device", "x,id=a,", "mq", "x,id=a," },
	{ "so does an empty first value", "device", ",", "mq", "," },
	{ "also where it is all that is left", "name", ",process=x", "process", "," },
	{ "a feature in every form", "cpu", "host,kvm=off,+kvm,a,-kvm,kvm", "kvm", "host,a" },
	{ "a feature in every spelling", "cpu", "host,+hv-relaxed,hv_relaxed=on", "hv_relaxed", "host" },
	{ "a feature that is not there", "cpu", "host,+a", "b", "host,+a" },
};

static void unsets_every_mention(void **state)
{
	const struct unset *row = *state;
	struct optval v, w;
	const char *text;

	parse(row->option, row->text, &v);
	text = optval_unset(&arena, &v, row->key);
	assert_text(text, row->want);
	parse(row->option, text, &w);
	assert_null(optval_get(&w, row->key));
}

/* ---- an item for a line that has none ---- */

static void items(void **state)
{
	const char *item;
	struct err err;

	(void)state;
	assert_int_equal(optval_item(&arena, line_option("machine"), "a", "b,c", false, &item, &err),
			 0);
	assert_text(item, "a=b,,c");
	assert_int_equal(optval_item(&arena, line_option("machine"), "a", "\"b\"", true, &item, &err),
			 0);
	assert_text(item, "a=b");
	assert_int_equal(optval_item(&arena, line_option("machine"), "a", "{}", true, &item, &err),
			 -EINVAL);
	assert_int_equal(optval_item(&arena, line_option("cpu"), "a", "b,c", false, &item, &err),
			 -EINVAL);
}

int main(void)
{
	UNIT_ROWS(parses, parses_text);
	UNIT_TEST("a -global with a name of 64 bytes is not the short one", long_global);
	UNIT_ROWS(gets, gets_the_one_that_counts);
	UNIT_ROWS(sets, sets_one_property);
	UNIT_ROWS(cannot, refuses);
	UNIT_ROWS(unsets, unsets_every_mention);
	UNIT_TEST("an item is written as its option reads it", items);
	return unit_run("optval");
}
