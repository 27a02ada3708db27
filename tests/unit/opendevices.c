/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/opendevices.h"

#include <sys/sysmacros.h>

#include "clock.h"
#include "host/process/holders.h"
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

/* More different devices than are remembered while one process is looked at. */
static void a_device_is_found_once(void **state)
{
	static const char *const nodes[] = { "/dev/zero", "/dev/null", "/dev/full", "/dev/zero" };
	struct opendevices o;

	(void)state;
	for (int i = 0; i < 1000; i++)
		proc_fd(1000, i, nodes[i % 4]);
	o = all_opens();
	assert_int_equal(o.n, 3);
	assert_int_equal(o.most, 1000);
	assert_int_equal(o.busiest, 1000);
	assert_false(o.late);
}

/* None of them counts as looked at, and the clock is read while one has many files too. */
static void a_pass_ends_in_time(void **state)
{
	struct host host = tree_host();
	struct opendevices o = { 0 };

	(void)state;
	for (int i = 0; i < MANY; i++) {
		proc_stat(1000 + i, "x", 'S', 1, 5);
		proc_fd(1000 + i, 3, "/dev/zero");
	}
	opendevices_read_until(&host, clock_ms(), &o);
	assert_true(o.late);
	assert_int_equal(o.n, 0);
	assert_int_equal(o.n_hidden, MANY);
}

static void the_busiest_is_named(void **state)
{
	static struct node node;
	struct host host = tree_host();
	struct open_device open = { makedev(1, 5), false, 1 };
	pid_t hidden[] = { 7, 8 };
	struct opendevices o = { .v = &open, .n = 1, .hidden = hidden, .n_hidden = 2, .late = true,
				 .busiest = 9, .most = 5000 };
	struct nodes nodes = { .v = &node, .n = 1 };
	struct holders h = { 0 };

	(void)state;
	tree_file("proc/9/comm", "hoarder\n");
	holders_of(&host, &o, &nodes, &h);
	assert_int_equal(h.n_hidden, 3);
	assert_true(h.hidden[0].late);
	assert_int_equal(h.hidden[0].process.pid, 9);
	assert_text(h.hidden[0].command, "hoarder");
	assert_int_equal(h.hidden[0].files, 5000);
	assert_false(h.hidden[1].late);
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
	TREE_TEST("a device is found once", a_device_is_found_once);
	TREE_TEST("a pass ends in time", a_pass_ends_in_time);
	TREE_TEST("the process with the most files is named", the_busiest_is_named);
	TREE_TEST("no processes, no /proc", nothing_is_open_without_proc);
	return unit_run("opens");
}
