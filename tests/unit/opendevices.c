/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/opendevices.h"

#include <sys/sysmacros.h>

#include "proctree.h"

#define MANY 300 /* several batches for each thread */

static struct opendevices all_opens(void)
{
	struct host host = tree_host();
	struct opendevices o = { 0 };

	opendevices_read(&host, &o);
	return o;
}

static void each_process_is_looked_at_once(void **state)
{
	static bool seen[MANY];
	struct opendevices o;

	(void)state;
	for (int i = 0; i < MANY; i++)
		proc_fd(1000 + i, 3, "/dev/zero");
	o = all_opens();
	assert_int_equal(o.n, MANY);
	for (size_t i = 0; i < o.n; i++) {
		assert_int_equal(o.v[i].dev, makedev(1, 5));
		assert_true(o.v[i].pid >= 1000 && o.v[i].pid < 1000 + MANY);
		assert_false(seen[o.v[i].pid - 1000]);
		seen[o.v[i].pid - 1000] = true;
	}
}

static void those_of_a_process_stand_together(void **state)
{
	struct opendevices o;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		proc_fd(1000 + i, 3, "/dev/zero");
		proc_fd(1000 + i, 4, "/dev/null");
		proc_fd(1000 + i, 5, "/dev/zero");
	}
	o = all_opens();
	assert_int_equal(o.n, 2 * MANY);
	for (size_t i = 0; i < o.n; i += 2)
		assert_int_equal(o.v[i].pid, o.v[i + 1].pid);
}

static void nothing_is_open_without_proc(void **state)
{
	(void)state;
	assert_int_equal(all_opens().n, 0);
	tree_folder("proc");
	assert_int_equal(all_opens().n, 0);
}

int main(void)
{
	TREE_TEST("each process is looked at once", each_process_is_looked_at_once);
	TREE_TEST("those of one process stand together", those_of_a_process_stand_together);
	TREE_TEST("no processes, no /proc", nothing_is_open_without_proc);
	return unit_run("opens");
}
