/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/slots.h"

#include "err.h"
#include "line.h"

/* The first slots of ours, in hex, or what is said instead. */
static const struct row {
	const char *name, *line, *wanted, *want;
} rows[] = {
	{ "pc: from the top", "-M pc", NULL, "1f 1e 1d" },
	{ "q35: 1c, then 19 down", "-M q35", NULL, "1c 19 18" },
	{ "no machine type is a pc", "-name a", NULL, "1f 1e 1d" },
	{ "key=value takes a slot", "-M pc -device x,bus=pci.0,addr=0x1f", NULL, "1e 1d 1c" },
	{ "JSON takes a slot",
	  "-M pc -device {\"driver\":\"x\",\"bus\":\"pci.0\",\"addr\":\"0x1e\"}", NULL, "1f 1d 1c" },
	{ "a number in JSON is slot and function in one",
	  "-M pc -device {\"driver\":\"x\",\"addr\":248}", NULL, "1e 1d 1c" },
	{ "a function takes its slot", "-M pc -device x,addr=1f.3", NULL, "1e 1d 1c" },
	{ "an address is hex with or without 0x", "-M q35 -device x,addr=1c", NULL, "19 18 17" },
	{ "without a bus it is the first one", "-M pc -device x,addr=0x1f", NULL, "1e 1d 1c" },
	{ "another bus is another bus", "-M pc -device x,bus=pci.1,addr=0x1f", NULL, "1f 1e 1d" },
	{ "a device without an address takes none of ours", "-M pc -device x", NULL, "1f 1e 1d" },
	{ "-set gives an address", "-M pc -device x,id=a -set device.a.addr=0x1f", NULL, "1e 1d 1c" },
	{ "-net has one for its card", "-M pc -net nic,model=virtio,addr=1f -net user", NULL, "1e 1d 1c" },
	{ "-global gives one", "-M pc -global x.addr=0x1f", NULL, "1e 1d 1c" },
	{ "in its long form too", "-M pc -global driver=x,property=addr,value=1f", NULL, "1e 1d 1c" },
	{ "a DIMM's address is none of the bus", "-M pc -device pc-dimm,addr=0x100000000", NULL,
	  "1f 1e 1d" },
	{ "a slot that is asked for", "-M pc", "0x5", "5" },
	{ "one that is taken", "-M pc -device e1000,id=net0,addr=5", "0x5", "in use by e1000 id=net0" },
	{ "the ISA bridge's", "-M pc", "0x1", "in use by the ISA bridge" },
	{ "what is no slot", "-M pc", "0x20", "a slot in hex" },
	{ "nor is a function", "-M pc", "5.1", "a slot in hex" },
	{ "a -readconfig that cannot be read hides slots", "-M q35 -readconfig /nonexistent", NULL,
	  "set addr=" },
	{ "but not one that is asked for", "-M q35 -readconfig /nonexistent", "0x10", "10" },
	{ "a machine without a bus that we know", "-M microvm", NULL, "microvm" },
};

static void takes(void **state)
{
	const struct row *row = *state;
	struct strbuf b = { .arena = &arena };
	struct cmdline c;
	struct slots s;
	struct err err = { 0 };
	unsigned slot;
	int rc;

	line_parse(row->line, &c);
	rc = slots_scan(&arena, &c, &s, &err);
	for (int i = 0; !rc && i < (row->wanted ? 1 : 3); i++) {
		rc = slots_take(&s, row->wanted, &slot, &err);
		if (!rc)
			strbuf_addf(&b, "%s%x", i ? " " : "", slot);
	}
	if (rc)
		assert_says(err.text, row->want);
	else
		assert_text(strbuf_text(&b), row->want);
}

static void runs_out(void **state)
{
	struct cmdline c;
	struct slots s;
	struct err err;
	unsigned slot;

	(void)state;
	line_parse("-M q35", &c);
	assert_int_equal(slots_scan(&arena, &c, &s, &err), 0);
	for (int i = 0; i < 11; i++)
		assert_int_equal(slots_take(&s, NULL, &slot, &err), 0);
	assert_true(slots_take(&s, NULL, &slot, &err) < 0);
	assert_says(err.text, "pcie.0 has no free slot");
}

int main(void)
{
	UNIT_ROWS(rows, takes);
	UNIT_TEST("eleven on q35, and then it says so", runs_out);
	return unit_run("slots");
}
