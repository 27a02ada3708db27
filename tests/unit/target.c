/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/target.h"

#include <errno.h>

#include "err.h"
#include "str.h"
#include "unit.h"

static const struct good {
	const char *name, *text, *option, *keys, *rest;
} good[] = {
	{ "an option alone", "-S", "S", "", "" },
	{ "two dashes are one", "--cpu kvm=off", "cpu", "", "kvm=off" },
	{ "what follows is the rest", "-cpu kvm=off,+x", "cpu", "", "kvm=off,+x" },
	{ "blanks before the rest go", "-cpu \t kvm=off", "cpu", "", "kvm=off" },
	{ "a selector", "-device[driver=virtio-net-pci*] mq=on", "device", "driver=virtio-net-pci*",
	  "mq=on" },
	{ "several keys", "-device[driver=vfio-pci,host=0000:05:00.0] x=y", "device",
	  "driver=vfio-pci|host=0000:05:00.0", "x=y" },
	{ "blanks around the items go", "-device[ driver=a , id=b ] x=y", "device", "driver=a|id=b",
	  "x=y" },
	{ "a selector at the end of the text", "-device[id=a]", "device", "id=a", "" },
	{ "a ] with no blank after it is part of a glob", "-device[id=a]b] x", "device", "id=a]b",
	  "x" },
	{ "the first ] with a blank after it ends it", "-device[id=a] b] x", "device", "id=a",
	  "b] x" },
	{ "a tab after the ] ends it too", "-device[id=a]\tx", "device", "id=a", "x" },
	{ "an escaped comma is part of the glob, backslash and all", "-drive[file=a\\,b] x=y",
	  "drive", "file=a\\,b", "x=y" },
	{ "a glob may hold =", "-global[value=a=b] x", "global", "value=a=b", "x" },
	{ "a glob may be empty", "-device[id=] x", "device", "id=", "x" },
	{ "a bracket in the rest is not the selector", "-append value=[x]", "append", "",
	  "value=[x]" },
	{ "the rest is verbatim", "-add a,,b  c\\", "add", "", "a,,b  c\\" },
};

static const char *keys_text(const struct target *t)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < t->n; i++)
		strbuf_addf(&b, "%s%s=%s", i ? "|" : "", t->keys[i].key, t->keys[i].glob);
	return strbuf_text(&b);
}

static void parses(void **state)
{
	const struct good *row = *state;
	struct target t;
	struct err err;
	const char *rest;

	assert_int_equal(target_parse(&arena, row->text, &t, &rest, &err), 0);
	assert_text(t.option, row->option);
	assert_text(keys_text(&t), row->keys);
	assert_text(rest, row->rest);
}

static const struct bad {
	const char *name, *text, *says;
} bad[] = {
	{ "nothing", "", "must begin with -OPTION" },
	{ "no dash", "cpu kvm=off", "must begin with -OPTION, not with 'cpu kvm=off'" },
	{ "a dash alone", "-", "must begin with -OPTION" },
	{ "two dashes alone", "--", "must begin with -OPTION" },
	{ "a dash and a blank", "- cpu", "must begin with -OPTION" },
	{ "a selector without an option", "-[id=a] x", "must begin with -OPTION" },
	{ "a selector that does not end", "-device[id=a", "the selector of -device has no ']'" },
	{ "a selector whose ] no blank follows", "-device[id=a]x=y", "has no ']' before a blank" },
	{ "a selector is no condition", "-device[id=!n] x=y",
	  "'id=!n' in the selector: only a condition can begin with '!' (write \\! for the "
	  "character itself)" },
	{ "an empty selector", "-device[] x=y", "the selector contains an empty item" },
	{ "an empty item", "-device[id=a,,driver=b] x=y", "the selector contains an empty item" },
	{ "a comma at the end", "-device[id=a,] x=y", "the selector contains an empty item" },
	{ "an operator in a selector", "-device[driver!=vfio-pci] x=y",
	  "'driver!=vfio-pci' in the selector: must be key=glob, with = as the only operator" },
	{ "one of shells", "-device[driver==vfio-pci] x=y", "'driver==vfio-pci' in the selector: must be key=glob" },
	{ "one of expressions", "-device[driver=~vfio] x=y", "'driver=~vfio' in the selector: must be key=glob" },
	{ "the same, the other way", "-device[driver~=vfio] x=y", "'driver~=vfio' in the selector" },
	{ "one of numbers", "-device[id=a,addr>=5] x=y", "'addr>=5' in the selector" },
	{ "JSON's", "-device[driver:=vfio] x=y", "'driver:=vfio' in the selector" },
	{ "a negation in front", "-device[!driver=vfio] x=y", "'!driver=vfio' in the selector" },
	{ "blanks around the =", "-device[driver = vfio] x=y", "'driver = vfio' in the selector: must be key=glob, with = as the only operator and without blanks around it" },
	{ "a key without a glob", "-device[id] x=y", "'id' in the selector: must be key=glob" },
	{ "a glob without a key", "-device[=a] x=y", "'=a' in the selector: must be key=glob" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct target t;
	struct err err;
	const char *rest;

	assert_int_equal(target_parse(&arena, row->text, &t, &rest, &err), -EINVAL);
	assert_says(err.text, row->says);
}

int main(void)
{
	UNIT_ROWS(good, parses);
	UNIT_ROWS(bad, refuses);
	return unit_run("target");
}
