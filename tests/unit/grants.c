/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/grants.h"

#include "conf/rules.h"
#include "err.h"
#include "unit.h"

static const struct rule gpu = { .file = "/etc/kvmshim/rules.d/50-gpu.ini", .section = "gpu" };

static const struct row {
	const char *name, *device, *rule;
	enum grant_kind kind;
	const char *says; /* NULL: it may be taken */
} rows[] = {
	{ "what was handed over for this rule", "0000:05:00.0", "50-gpu.ini:gpu", GRANT_PCI, NULL },
	{ "for another section", "0000:05:00.0", "50-gpu.ini:other", GRANT_PCI, "start the VM again" },
	{ "for another file", "0000:05:00.0", "60-gpu.ini:gpu", GRANT_PCI, "start the VM again" },
	{ "for a rule whose name begins alike", "0000:05:00.0", "50-gpu.ini:gpus", GRANT_PCI,
	  "start the VM again" },
	{ "another device", "0000:06:00.0", "50-gpu.ini:gpu", GRANT_PCI, "start the VM again" },
	{ "another kind", "0000:05:00.0", "50-gpu.ini:gpu", GRANT_MDEV, "start the VM again" },
};

static void uses(void **state)
{
	const struct row *row = *state;
	struct grant one = { row->kind, row->device, row->rule, false };
	struct grants g = { .known = true, .v = &one, .n = 1 };
	struct err err;

	if (!row->says) {
		assert_int_equal(grants_use(&g, &gpu, GRANT_PCI, "0000:05:00.0", false, &err), 0);
		assert_int_equal(grants_all_used(&g, &err), 0);
		return;
	}
	assert_true(grants_use(&g, &gpu, GRANT_PCI, "0000:05:00.0", false, &err) < 0);
	assert_says(err.text, row->says);
	assert_true(grants_all_used(&g, &err) < 0);
	assert_says(err.text, row->device);
}

static void once(void **state)
{
	struct grant one = { GRANT_PCI, "0000:05:00.0", "50-gpu.ini:gpu", false };
	struct grants g = { .known = true, .v = &one, .n = 1 };
	struct err err;

	(void)state;
	assert_int_equal(grants_use(&g, &gpu, GRANT_PCI, "0000:05:00.0", false, &err), 0);
	assert_true(grants_use(&g, &gpu, GRANT_PCI, "0000:05:00.0", false, &err) < 0);
}

/* The hook has given QEMU another device node. */
static void opened_in_the_same_way(void **state)
{
	for (int granted = 0; granted < 2; granted++) {
		struct grant one = { GRANT_PCI, "0000:05:00.0", "50-gpu.ini:gpu", false, granted };
		struct grants g = { .known = true, .v = &one, .n = 1 };
		struct err err;

		(void)state;
		assert_true(grants_use(&g, &gpu, GRANT_PCI, "0000:05:00.0", !granted, &err) < 0);
		assert_says(err.text, "rules have changed");
		assert_int_equal(grants_use(&g, &gpu, GRANT_PCI, "0000:05:00.0", granted, &err), 0);
	}
}

static void a_rule_that_does_not_apply(void **state)
{
	struct grant two[] = { { GRANT_PCI, "0000:05:00.0", "50-gpu.ini:gpu", false },
			       { GRANT_PCI, "0000:06:00.0", "50-gpu.ini:other", false } };
	struct grants g = { .known = true, .v = two, .n = 2 };
	struct err err;

	(void)state;
	grants_leave(&g, &gpu);
	assert_true(grants_all_used(&g, &err) < 0);
	assert_says(err.text, "0000:06:00.0");
	g.n = 1;
	assert_int_equal(grants_all_used(&g, &err), 0);
}

int main(void)
{
	UNIT_ROWS(rows, uses);
	UNIT_TEST("a device is taken once", once);
	UNIT_TEST("by IOMMUFD or not, as it was handed over", opened_in_the_same_way);
	UNIT_TEST("what a rule does not take that does not apply", a_rule_that_does_not_apply);
	return unit_run("grants");
}
