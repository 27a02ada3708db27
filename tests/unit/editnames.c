/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule takes from a VM's name stays one value, or is refused. */
#include "wrapper/verb/edit.h"

#include <errno.h>

#include "ruletext.h"

/* Names from tenants: every byte of them may mean something somewhere. */
static const struct hostile {
	const char *name, *verb, *vm, *line, *want;
} hostile[] = {
	{ "a comma in a name is doubled", "add = -device x,id=d,serial=%n", "a,b=c", "-S",
	  "-S -device x,id=d,serial=a,,b=c" },
	{ "also in set", "set = -device serial=%n", "a,b=c", "-device x",
	  "-device x,serial=a,,b=c" },
	{ "a quote in a name is escaped in JSON",
	  "add = -device {\"driver\":\"x\",\"serial\":\"%n\"}", "a\",\"b\":\"c", "-S",
	  "-S -device {\"driver\":\"x\",\"serial\":\"a\\\",\\\"b\\\":\\\"c\"}" },
	{ "also in a typed value", "set = -device serial:=\"%n\"", "a\"b\\",
	  "-device {\"driver\":\"x\"}", "-device {\"driver\":\"x\",\"serial\":\"a\\\"b\\\\\"}" },
	{ "a star in a name is no wildcard", "set = -device[id=%n] a=b", "w*", "-device x,id=web",
	  "-device x,id=web" },
	{ "it matches itself", "set = -device[id=%n] a=b", "w*", "-device x,id=w*",
	  "-device x,id=w*,a=b" },
	{ "an apostrophe ends no string of JSON that is quoted with it",
	  "add = -device {'driver':'x','serial':'%n'}", "a','b':'c", "-S",
	  "-S -device {'driver':'x','serial':'a\\u0027,\\u0027b\\u0027:\\u0027c'}" },
	{ "nor in a typed value", "set = -device serial:='%n'", "a'b", "-device {\"driver\":\"x\"}",
	  "-device {\"driver\":\"x\",\"serial\":'a\\u0027b'}" },
	{ "a comma in the long form of -global", "add = -global driver=a,property=b,value=%n",
	  "c,driver=d", "-S", "-S -global driver=a,property=b,value=c,,driver=d" },
	{ "in its short form it is one", "add = -global a.b=%n", "c,d=e", "-S",
	  "-S -global a.b=c,d=e" },
	{ "and in a text", "add = -append init=%n", "a,b", "-S", "-S -append init=a,b" },
};

static void quotes_names(void **state)
{
	const struct hostile *row = *state;
	struct names names = { row->vm, NULL, NULL };
	struct trace trace;
	struct cmdline c;
	struct err err = { 0 };

	line_parse(row->line, &c);
	assert_int_equal(ruled_apply(row->verb, &c, &names, &trace, &err), 0);
	assert_text(line_text(&c), row->want);
}

static const struct nameless {
	const char *name, *verb, *line;
	struct names names;
	const char *says;
} nameless[] = {
	{ "%n without a name", "set = -device a=%n", "-device x", { NULL, "u", "h" }, "no -name" },
	{ "%n with a slash in it", "set = -device a=%n", "-device x", { "a/b" }, "contains '/'" },
	{ "%u without a UUID, in a selector",
	  "set = -device[id=%u] a=b",
	  "-device x",
	  { "n" },
	  "no -uuid" },
	{ "%n in -cpu with a comma",
	  "set = -cpu hv-vendor-id=%n",
	  "-cpu host",
	  { "a,b" },
	  "does not allow a comma" },
	{ "%n in an added -cpu with a comma",
	  "add = -cpu host,hv-vendor-id=%n",
	  "-S",
	  { "a,b" },
	  "a character that is not allowed here" },
	{ "%n in the -global that stands for -cpu",
	  "set = -cpu hv-vendor-id=%n",
	  "-S",
	  { "a,b" },
	  "does not allow a comma" },
	{ "%n in the model of a new -cpu",
	  "set = -cpu model=%n",
	  "-S",
	  { "a,b" },
	  "a character that is not allowed here" },
	{ "%n in a character device with a comma",
	  "add = -serial unix:/run/%n,server=on",
	  "-S",
	  { "a,server=off" },
	  "a character that is not allowed here" },
	{ "also in set",
	  "set = -monitor value=unix:/run/%n,server=on",
	  "-monitor stdio",
	  { "a,server=off" },
	  "a character that is not allowed here" },
	{ "%n without a name in it", "set = -device a=%n", "-device x", { "" }, "no -name" },
	{ "%n in JSON that is not UTF-8",
	  "add = -device {\"driver\":\"%n\"}",
	  "-S",
	  { "\xff" },
	  "a character that is not allowed here" },
	{ "%n in a value of JSON that is not UTF-8",
	  "set = -device id=%n",
	  "-device {\"driver\":\"x\"}",
	  { "\xff" },
	  "must be UTF-8" },
};

static void refuses_names(void **state)
{
	const struct nameless *row = *state;
	struct trace trace;
	struct cmdline c;
	struct err err = { 0 };

	line_parse(row->line, &c);
	assert_int_equal(ruled_apply(row->verb, &c, &row->names, &trace, &err), -EINVAL);
	assert_says(err.text, row->says);
}

int main(void)
{
	UNIT_ROWS(hostile, quotes_names);
	UNIT_ROWS(nameless, refuses_names);
	return unit_run("editnames");
}
