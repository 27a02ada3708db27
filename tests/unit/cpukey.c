/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/cpukey.h"

#include "unit.h"

static const struct row {
	const char *name, *a, *b;
	bool want;
} rows[] = {
	{ "a name is itself", "kvm", "kvm", true },
	{ "another is another", "kvm", "kvm-pv-eoi", false },
	{ "`_` and `-` are the same", "kvm_pv_eoi", "kvm-pv-eoi", true },
	{ "case counts", "KVM", "kvm", false },
	{ "an alias is its property", "tsc-freq", "tsc-frequency", true },
	{ "also spelt with `_`", "tsc_freq", "tsc_frequency", true },
	{ "an alias is itself", "sse4_1", "sse4-1", true },
	{ "an alias with another sign", "sse4_1", "sse4.1", true },
	{ "not with a dot for a line", "hv.relaxed", "hv-relaxed", false },
	{ "two aliases of two properties", "sse4-1", "sse4-2", false },
	{ "i64 is lm", "i64", "lm", true },
	{ "xd is nx", "nx", "xd", true },
	{ "nothing is nothing", "", "", true },
	{ "nothing is not something", "", "kvm", false },
};

static void compares(void **state)
{
	const struct row *row = *state;

	assert_int_equal(cpukey_same(row->a, row->b), row->want);
	assert_int_equal(cpukey_same(row->b, row->a), row->want);
}

int main(void)
{
	UNIT_ROWS(rows, compares);
	return unit_run("cpukey");
}
