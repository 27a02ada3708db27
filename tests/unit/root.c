/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static const struct row {
	const char *name, *env, *prefix, *path;
} rows[] = {
	{ "without KVMSHIM_ROOT paths are the host's own", NULL, "", "/etc/kvmshim" },
	{ "an empty KVMSHIM_ROOT is none", "", "", "/etc/kvmshim" },
	{ "with KVMSHIM_ROOT they are below it", "/tmp/x", "/tmp/x", "/tmp/x/etc/kvmshim" },
	{ "slashes at its end do not count", "/tmp/x//", "/tmp/x", "/tmp/x/etc/kvmshim" },
	{ "the root of all folders is no root of its own", "/", "", "/etc/kvmshim" },
};

static void builds_paths(void **state)
{
	const struct row *row = *state;
	struct host host = { .arena = &arena };

	if (row->env)
		setenv("KVMSHIM_ROOT", row->env, 1);
	else
		unsetenv("KVMSHIM_ROOT");
	host.root = root_from_env(&arena);
	assert_text(host.root.prefix, row->prefix);
	assert_text(root_path(&host, "/etc/kvmshim"), row->path);
}

static void trusts(void **state)
{
	struct root host = { .prefix = "" }, below = { .prefix = "/tmp/x" };
	uid_t other = geteuid() + 1;

	(void)state;
	assert_true(root_trusts_owner(&host, 0));
	assert_true(root_trusts_owner(&below, 0));
	assert_true(root_trusts_owner(&below, geteuid()));
	assert_int_equal(root_trusts_owner(&host, geteuid()), geteuid() == 0);
	assert_false(root_trusts_owner(&host, other));
	assert_false(root_trusts_owner(&below, other));
}

int main(void)
{
	UNIT_ROWS(rows, builds_paths);
	UNIT_TEST("root is believed everywhere, the caller below a root only", trusts);
	return unit_run("root");
}
