/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/setopt.h"

#include "unit.h"

static const struct row {
	const char *name, *text, *group, *id, *key, *value; /* group NULL: QEMU refuses it */
} rows[] = {
	{ "a property", "device.n.mq=on", "device", "n", "mq", "on" },
	{ "a value with signs", "device.n.mac=a.b=c,d", "device", "n", "mac", "a.b=c,d" },
	{ "an empty value", "device.n.mq=", "device", "n", "mq", "" },
	{ "a key with dots", "blockdev.n.cache.direct=on", "blockdev", "n", "cache.direct", "on" },
	{ "an id ends at its first dot", "device.pci.1.x=y", "device", "pci", "1.x", "y" },
	{ "no value", "device.n.mq", NULL, NULL, NULL, NULL },
	{ "no key", "device.n.=x", NULL, NULL, NULL, NULL },
	{ "no id", "device..mq=x", NULL, NULL, NULL, NULL },
	{ "two names only", "device.mq=x", NULL, NULL, NULL, NULL },
	{ "nothing", "", NULL, NULL, NULL, NULL },
	{ "a name that is too long for QEMU",
	  "device.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.mq=x", NULL, NULL,
	  NULL, NULL },
};

static void reads(void **state)
{
	struct arena a = { 0 };
	const struct row *row = *state;
	struct setopt s;
	bool is = setopt_read(&a, row->text, &s);

	assert_int_equal(is, row->group != NULL);
	if (is) {
		assert_text(s.group, row->group);
		assert_text(s.id, row->id);
		assert_text(s.key, row->key);
		assert_text(s.value, row->value);
	}
	arena_free(&a);
}

int main(void)
{
	UNIT_ROWS(rows, reads);
	return unit_run("setopt");
}
