/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/assign.h"

#include <errno.h>

#include "err.h"
#include "line.h"

static const char *assigns_text(const struct assigns *as)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < as->n; i++)
		strbuf_addf(&b, "%s%s%s%s", i ? "|" : "", as->v[i].key,
			    as->v[i].typed ? ":=" : as->v[i].value ? "=" : "",
			    as->v[i].value ? as->v[i].value : "");
	return strbuf_text(&b);
}

static const struct good {
	const char *name, *option, *rest, *want;
} good[] = {
	{ "one property", "device", "mq=on", "mq=on" },
	{ "several", "device", "mq=on,rx=1", "mq=on|rx=1" },
	{ "a doubled comma is a comma", "device", "a=b,,c,d=e", "a=b,c|d=e" },
	{ "an = in a value", "device", "a=b=c", "a=b=c" },
	{ "an empty value", "device", "a=,b=c", "a=|b=c" },
	{ "blanks around keys go, those of values stay", "device", "a= b , c=d", "a= b |c=d" },
	{ "a comma at the end is nothing", "device", "a=b,", "a=b" },
	{ "a value that looks like JSON is text", "device", "a={\"b\":1", "a={\"b\":1" },
	{ "typed values", "device", "a:=true,b:=[1,2],c:={\"d\":\",\"},e=f",
	  "a:=true|b:=[1,2]|c:={\"d\":\",\"}|e=f" },
	{ "a typed text with a comma in it", "device", "a:=\"b,,c\"", "a:=\"b,,c\"" },
	{ "blanks around := go", "device", "a := 1,b=c", "a:=1|b=c" },
	{ "nested properties", "blockdev", "file.filename=/a,cache.direct=on",
	  "file.filename=/a|cache.direct=on" },
	{ "a CPU's features in three forms", "cpu", "kvm=off,+x,-y", "kvm=off|x=on|y=off" },
	{ "a CPU's name may say what it likes", "cpu", "model-id=a b=c", "model-id=a b=c" },
	{ "a CPU's value with blanks inside", "cpu", "hv-vendor-id=KVM Hv, kvm=off",
	  "hv-vendor-id=KVM Hv|kvm=off" },
	{ "a CPU's model", "cpu", "model=host,kvm=off", "model=host|kvm=off" },
	{ "all of a raw value", "append", "value=a,b c=d", "value=a,b c=d" },
	{ "an empty raw value", "append", "value=", "value=" },
	{ "a -global is one property", "global", "ICH9-LPC.disable_s3=1,x", "ICH9-LPC.disable_s3=1,x" },
	{ "a driver with a dot", "global", "cfi.pflash01.secure=on", "cfi.pflash01.secure=on" },
};

static void reads(void **state)
{
	const struct good *row = *state;
	struct assigns as;
	struct err err;

	assert_int_equal(assigns_parse(&arena, line_option(row->option), row->rest, &as, &err), 0);
	assert_text(assigns_text(&as), row->want);
}

static const struct good bad[] = {
	{ "nothing", "device", "", "-device has no property here; write property=value after it" },
	{ "a word without a value", "device", "mq", "'mq' has no value; write mq=" },
	{ "behind one that is right", "device", "a=b,mq", "'mq' has no value" },
	{ "an empty item", "device", "a=b, ,c=d", "an item between two commas is empty" },
	{ "a value without a key", "device", "=b", "an item between two commas is empty" },
	{ "a typed value without a key", "device", ":=1", "':' has no value" },
	{ "a typed value that is no JSON", "device", "a:=on", "the text after 'a:=' must be one JSON value" },
	{ "a typed value that is missing", "device", "a:=", "must be one JSON value" },
	{ "a typed value and more", "device", "a:=1 2", "must be one JSON value" },
	{ "a typed value that QEMU refuses", "device", "a:={\"b\":1,\"b\":2}", "must be one JSON value" },
	{ "a flag has no properties", "S", "a=b", "-S takes no value; use add or remove" },
	{ "a raw value is one text", "append", "quiet", "the value of -append is one text; write the whole text as value=" },
	{ "a CPU's + without a name", "cpu", "+", "only the name of a feature is allowed" },
	{ "a CPU's + with a value", "cpu", "+kvm=off", "only the name of a feature is allowed" },
	{ "a CPU's bare feature", "cpu", "kvm", "'kvm' has no value" },
	{ "a CPU's empty item", "cpu", "kvm=off,,x=y", "an item between two commas is empty" },
	{ "a CPU's typed value", "cpu", "kvm:=false", "-cpu does not accept JSON" },
	{ "a -global without a driver", "global", "disable_s3=1", "must be -global DRIVER.PROPERTY=VALUE" },
	{ "a -global without a property", "global", "a.=1", "must be -global DRIVER.PROPERTY=VALUE" },
	{ "a -global without a value", "global", "a.b", "must be -global DRIVER.PROPERTY=VALUE" },
	{ "a -global that begins with a dot", "global", ".b=1", "must be -global" },
	{ "a dot in the value only", "global", "a=b.c", "must be -global" },
	{ "a typed -global", "global", "a.b:=1", "must be -global" },
	{ "a blank before the selector", "device", "[driver=x] mq=on",
	  "a blank between -device and its [selector] is not allowed" },
	{ "of -cpu as well", "cpu", "[model=host] kvm=off", "a blank between -cpu and its" },
	{ "a blank in a name", "device", "mq on=1", "'mq on': the name of a property must not contain a blank" },
	{ "a blank before the =", "name", "guest = b", "a blank before the '=' of 'guest'" },
	{ "of -cpu as well", "cpu", "kvm = off", "a blank before the '=' of 'kvm'" },
	{ "a tab is a blank", "name", "guest\t=b", "a blank before the '=' of 'guest'" },
	{ "and of -global", "global", "a.b =1", "a blank before the '=' of 'a.b'" },
	{ "an operator that adds", "device", "mtu+=1500", "'+=' is not an operator; write mtu=VALUE" },
	{ "one that removes", "device", "id=a,mtu-=1", "'-=' is not an operator; write mtu=VALUE" },
	{ "one that differs", "machine", "accel!=tcg", "'!=' is not an operator; write accel=VALUE" },
	{ "one that sets a default", "machine", "accel?=tcg", "'?=' is not an operator; write accel=VALUE" },
	{ "one that compares", "machine", "accel==tcg", "'==' is not an operator; write accel=VALUE" },
	{ "one that adds to a processor", "cpu", "kvm+=off", "'+=' is not an operator; write kvm=VALUE" },
	{ "one that compares a feature", "cpu", "kvm==off", "'==' is not an operator; write kvm=VALUE" },
	{ "one of a default", "global", "a.b+=c", "'+=' is not an operator; write a.b=VALUE" },
	{ "a bracket in a name", "device", "a]=1", "'a]': the name of a property must not contain a blank, [ or ]" },
	{ "a blank for a comma in -cpu", "cpu", "kvm=off kvm-pv-eoi=off",
	  "'off kvm-pv-eoi=off': write a comma, not a blank, before the next property" },
};

static void refuses(void **state)
{
	const struct good *row = *state;
	struct assigns as;
	struct err err;

	assert_int_equal(assigns_parse(&arena, line_option(row->option), row->rest, &as, &err),
			 -EINVAL);
	assert_says(err.text, row->want);
}

static const struct good keys[] = {
	{ "a name", "device", "mq", "mq" },
	{ "names", "device", "mq, rx ,tx", "mq|rx|tx" },
	{ "a comma at the end is nothing", "device", "mq,", "mq" },
	{ "a path", "blockdev", "file.locking", "file.locking" },
	{ "a CPU's features", "cpu", "kvm,hv-vendor-id", "kvm|hv-vendor-id" },
	{ "a -global's", "global", "ICH9-LPC.disable_s3", "ICH9-LPC.disable_s3" },
	{ "a drive has no key that it cannot do without", "drive", "file", "file" },
	{ "nor has what merges, though its first word needs no key", "boot", "order", "order" },
};

static void reads_keys(void **state)
{
	const struct good *row = *state;
	struct assigns as;
	struct err err;

	assert_int_equal(assigns_parse_keys(&arena, line_option(row->option), row->rest, &as, &err),
			 0);
	assert_text(assigns_text(&as), row->want);
}

static const struct good bad_keys[] = {
	{ "no name", "device", "", "-device has no property here" },
	{ "a name and a value", "device", "mq=on", "'mq=on': unset takes only names" },
	{ "two commas", "device", "a,,b", "unset takes only names" },
	{ "a flag has none", "S", "a", "-S has no properties; use remove to remove the whole option" },
	{ "a raw option has none", "append", "value", "-append has no properties" },
	{ "a device cannot do without its driver", "device", "mq,driver",
	  "-device needs its driver, so unset cannot remove it" },
	{ "a CPU cannot do without its model", "cpu", "model", "-cpu needs its model, so unset cannot remove it" },
	{ "nor a machine without its type", "machine", "type", "-machine needs its type, so unset cannot remove it" },
	{ "a blank in a name", "device", "mq rx", "'mq rx': the name of a property must not contain a blank" },
	{ "a blank before the selector", "device", "[id=a] mq", "a blank between -device and its" },
	{ "a -global without a dot", "global", "disable_s3", "must be -global DRIVER.PROPERTY" },
};

static void refuses_keys(void **state)
{
	const struct good *row = *state;
	struct assigns as;
	struct err err;

	assert_int_equal(assigns_parse_keys(&arena, line_option(row->option), row->rest, &as, &err),
			 -EINVAL);
	assert_says(err.text, row->want);
}

int main(void)
{
	UNIT_ROWS(good, reads);
	UNIT_ROWS(bad, refuses);
	UNIT_ROWS(keys, reads_keys);
	UNIT_ROWS(bad_keys, refuses_keys);
	return unit_run("assign");
}
