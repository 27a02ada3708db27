/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps that files can play: attributes of two functions, each in a lane. What a
 * real driver does with them is tested with a kernel.
 */
#include "hooks/steps/lanes.h"

#include <sys/wait.h>

#include "conf/settings.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/steps/ops.h"
#include "pcitree.h"
#include "str.h"

#define ONE "0000:03:00.0"
#define TWO "0000:05:00.0"

/* A second, the least there is: without any, what was asked is taken back before it begins. */
static struct device_settings impatient[] = { { .address = TWO, .unbind_timeout = 1 } };

static struct settings settings(bool two_is_impatient)
{
	return (struct settings){
		.hook = { .unbind_timeout = 10 },
		.devices = impatient,
		.n_devices = two_is_impatient,
	};
}

static void function(const char *address)
{
	pcitree_function(address, NULL);
	pcitree_file(address, "vendor", "0x144d\n");
	pcitree_file(address, "device", "0xa808\n");
	pcitree_file(address, "d3cold_allowed", "0\n");
	pcitree_file(address, "power/control", "0\n");
}

#define SET(lane_, device_, name_, to_, from_) \
	{ .op = OP_ATTRIBUTE, .lane = (lane_), .device = (device_), .name = (name_), .to = (to_), \
	  .from = (from_) }
#define UNIT(name_) { .op = OP_UNIT, .name = (name_) }

static void all_done(struct journal *j)
{
	for (size_t i = 0; i < j->n_steps; i++)
		j->steps[i].done = true;
}

static struct journal of(struct step *steps, size_t n)
{
	return (struct journal){ .steps = steps, .n_steps = n };
}

/* As of a VM that runs. */
static struct journal of_done(struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		steps[i].done = true;
	return of(steps, n);
}

static bool undone[3]; /* by the last undo() */

static int act(struct journal *j, bool impatience, struct err *err)
{
	struct settings s = settings(impatience);
	struct assignment h = { .host = tree_host(), .settings = &s };

	*err = (struct err){ 0 };
	return lanes_act(&h, j, NULL, err);
}

static int undo(struct journal *j, const bool *only, struct strv *notes, struct err *err)
{
	struct settings s = settings(false);
	struct assignment h = { .host = tree_host(), .settings = &s, .notes = *notes };
	int rc;

	*err = (struct err){ 0 };
	rc = lanes_undo(&h, j, only, undone, err);
	*notes = h.notes;
	return rc;
}

/* --- there and back */

static void there_and_back(void **state)
{
	struct step steps[] = {
		SET(1, ONE, "d3cold_allowed", "1", "0"), SET(2, TWO, "d3cold_allowed", "5", "0"),
		SET(1, ONE, "d3cold_allowed", "2", "1"), SET(2, TWO, "d3cold_allowed", "6", "5"),
	};
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	function(ONE);
	function(TWO);
	assert_int_equal(journal_lanes(&j), 3);
	assert_int_equal(act(&j, false, &err), 0);
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "2");
	assert_text(pcitree_read(TWO, "d3cold_allowed"), "6");
	for (size_t i = 0; i < j.n_steps; i++) {
		assert_true(steps[i].done);
		assert_true(steps[i].ms > 0);
	}
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(undo(&j, NULL, &notes, &err), 0);
		assert_text(pcitree_read(ONE, "d3cold_allowed"), "0");
		assert_text(pcitree_read(TWO, "d3cold_allowed"), "0");
		for (size_t i = 0; i < j.n_steps; i++)
			assert_false(steps[i].done);
	}
	assert_int_equal(notes.n, 0);
}

static void nothing_to_do(void **state)
{
	struct journal j = of(NULL, 0);
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(journal_lanes(&j), 1);
	assert_int_equal(act(&j, false, &err), 0);
	assert_int_equal(undo(&j, NULL, &notes, &err), 0);
}

/* --- one that fails */

static void first_things_first(void **state)
{
	struct step steps[] = {
		SET(1, ONE, "d3cold_allowed", "1", "0"),
		UNIT("app.service"), /* below this root there is no systemctl */
	};
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct err err;

	(void)state;
	function(ONE);
	assert_true(act(&j, false, &err) < 0);
	assert_text(err.text, "systemctl stop app.service: systemctl is not in /usr/sbin, /usr/bin, /sbin or /bin");
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "0");
	assert_false(steps[0].done);
	assert_false(steps[1].done);
}

static void a_lane_stops_at_its_failure(void **state)
{
	struct step steps[] = {
		SET(1, ONE, "d3cold_allowed", "1", "0"), SET(1, ONE, "reset_method", "bus", ""),
		SET(1, ONE, "power/control", "1", "0"),	 SET(2, TWO, "power/control", "1", "0"),
	};
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct err err;

	(void)state;
	function(ONE);
	function(TWO);
	assert_int_equal(act(&j, false, &err), -ENOENT);
	assert_text(err.text, "'bus' cannot be written to /sys/bus/pci/devices/" ONE
			      "/reset_method: No such file or directory");
	assert_true(steps[0].done);
	assert_false(steps[1].done);
	assert_false(steps[2].done);
	assert_true(steps[3].done);
	assert_text(pcitree_read(ONE, "power/control"), "0");
}

/* Waiting may take long, and the other devices are the host's meanwhile. */
static void all_are_free_before_one_is_touched(void **state)
{
	struct step steps[] = {
		{ .op = OP_FREE, .lane = 1, .device = ONE },
		SET(1, ONE, "d3cold_allowed", "1", "0"),
		SET(2, TWO, "d3cold_allowed", "1", "0"),
		{ .op = OP_FREE, .lane = 2, .device = "0000:07:00.0" },
	};
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct err err;

	(void)state;
	function(ONE);
	function(TWO);
	assert_int_equal(act(&j, false, &err), -ENODEV);
	assert_text(err.text, "0000:07:00.0: the device no longer exists");
	assert_true(steps[0].done);
	assert_false(steps[1].done);
	assert_false(steps[2].done);
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "0");
	assert_text(pcitree_read(TWO, "d3cold_allowed"), "0");
}

static void what_cannot_be_undone_is_left(void **state)
{
	struct step steps[] = {
		SET(1, ONE, "d3cold_allowed", "0", "1"), SET(1, TWO, "d3cold_allowed", "0", "1"),
		SET(1, ONE, "reset_method", "bus", "flr"), SET(2, "0000:07:00.0", "d3cold_allowed", "0", "1"),
	};
	struct journal j = of_done(steps, UNIT_COUNT(steps));
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	function(ONE);
	function(TWO);
	function("0000:07:00.0");
	all_done(&j);
	assert_int_equal(undo(&j, NULL, &notes, &err), -ENOENT);
	assert_says(err.text, ONE "/reset_method");
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "0");
	assert_text(pcitree_read(TWO, "d3cold_allowed"), "1");
	assert_text(pcitree_read("0000:07:00.0", "d3cold_allowed"), "1");
	assert_false(undone[1]);
	assert_true(undone[2]);
	assert_true(steps[0].done); /* the journal goes on saying what is to be undone */
	assert_true(steps[2].done);
	assert_false(steps[1].done);
	assert_false(steps[3].done);
}

static void what_was_not_done_is_left(void **state)
{
	struct step steps[] = { SET(1, ONE, "d3cold_allowed", "0", "1"),
				SET(1, ONE, "power/control", "0", "1") };
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	function(ONE);
	j.steps[0].done = true;
	assert_int_equal(undo(&j, NULL, &notes, &err), 0);
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "1");
	assert_text(pcitree_read(ONE, "power/control"), "0");
}

/* Pulled out, or a VF that its driver took back. */
static void what_is_gone_needs_nothing(void **state)
{
	struct step steps[] = {
		SET(1, ONE, "d3cold_allowed", "1", "0"),
		{ .op = OP_OVERRIDE, .lane = 1, .device = ONE, .to = "vfio-pci", .from = "" },
		{ .op = OP_UNBIND, .lane = 1, .device = ONE, .from = "nvme" },
		{ .op = OP_PROBE, .lane = 1, .device = ONE, .to = "vfio-pci", .from = "nvme" },
		{ .op = OP_VGPU, .lane = 1, .device = ONE, .to = "1178", .from = "0" },
		{ .op = OP_NODE, .lane = 1, .name = "17", .to = "64055:64055", .from = "0:0" },
		{ .op = OP_MDEV, .lane = 1, .device = ONE, .to = "a",
		  .name = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001" },
	};
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	tree_folder("sys/bus/pci/devices");
	all_done(&j);
	if (undo(&j, NULL, &notes, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(notes.n, 0);
}

static void a_unit_that_does_not_start_is_a_note(void **state)
{
	struct step steps[] = { UNIT("app.service"), SET(1, ONE, "d3cold_allowed", "0", "1") };
	struct journal j = of_done(steps, UNIT_COUNT(steps));
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	function(ONE);
	all_done(&j);
	assert_int_equal(undo(&j, NULL, &notes, &err), 0);
	assert_int_equal(notes.n, 1);
	assert_says(notes.v[0], "systemctl start app.service: ");
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "1");
}

static void only_some_lanes(void **state)
{
	struct step steps[] = { UNIT("app.service"), SET(1, ONE, "d3cold_allowed", "0", "1"),
				SET(2, TWO, "d3cold_allowed", "0", "1") };
	struct journal j = of_done(steps, UNIT_COUNT(steps));
	const bool only[] = { false, false, true };
	struct strv notes = { 0 };
	struct err err;

	(void)state;
	function(ONE);
	function(TWO);
	all_done(&j);
	assert_int_equal(undo(&j, only, &notes, &err), 0);
	assert_int_equal(notes.n, 0);
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "0");
	assert_text(pcitree_read(TWO, "d3cold_allowed"), "1");
	assert_false(undone[1]);
	assert_true(undone[2]);
}

/* --- one that hangs: a fifo that nobody has open */

static void what_hangs_is_stuck(void **state)
{
	struct step steps[] = {
		SET(1, ONE, "d3cold_allowed", "1", "0"), SET(2, TWO, "d3cold_allowed", "0", "0"),
		SET(2, TWO, "reset_method", "bus", ""),	 SET(2, TWO, "power/control", "1", "0"),
	};
	struct journal j = of(steps, UNIT_COUNT(steps));
	struct strv notes = { 0 };
	const char *fifo;
	struct err err;
	int fd;

	(void)state;
	function(ONE);
	function(TWO);
	fifo = tree_path(pcitree_path(TWO, "reset_method"));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(act(&j, true, &err), -ETIMEDOUT);
	assert_says(err.text, TWO " is stuck: attribute has not finished in the kernel");
	assert_int_equal(j.n_stuck, 1);
	assert_text(j.stuck[0].device, TWO);
	assert_int_equal(j.stuck[0].op, OP_ATTRIBUTE);
	assert_true(process_real_lives(&arena, j.stuck[0].child));
	assert_true(steps[0].done);
	assert_false(steps[3].done);

	/* it is left alone, the other is not */
	tree_file(pcitree_path(TWO, "d3cold_allowed"), "7\n");
	assert_int_equal(undo(&j, NULL, &notes, &err), 0);
	assert_text(pcitree_read(ONE, "d3cold_allowed"), "0");
	assert_text(pcitree_read(TWO, "d3cold_allowed"), "7");

	fd = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	close(fd);
	waitpid(j.stuck[0].child.pid, NULL, 0);
	assert_false(process_real_lives(&arena, j.stuck[0].child));
}

int main(void)
{
	TREE_TEST("what is done is undone, in reverse, and twice", there_and_back);
	TREE_TEST("without steps there is nothing to do", nothing_to_do);
	TREE_TEST("lane 0 goes first, and no other without it", first_things_first);
	TREE_TEST("a lane stops at its failure, the others do not", a_lane_stops_at_its_failure);
	TREE_TEST("all are free before one is touched", all_are_free_before_one_is_touched);
	TREE_TEST("what was not done is left as it is", what_was_not_done_is_left);
	TREE_TEST("a device that cannot be undone is left, the others are not",
		  what_cannot_be_undone_is_left);
	TREE_TEST("for a device that is gone there is nothing to undo", what_is_gone_needs_nothing);
	TREE_TEST("a unit that does not start again is a note",
		  a_unit_that_does_not_start_is_a_note);
	TREE_TEST("some lanes alone are undone", only_some_lanes);
	TREE_TEST("what hangs is stuck, and its device left alone",
		  what_hangs_is_stuck);
	return unit_run("lanes");
}
