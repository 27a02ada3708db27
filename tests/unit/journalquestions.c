/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about the devices and steps of a journal. */
#include "hooks/journal/journal.h"

#include "unit.h"

#define GPU "0000:05:00.0"
#define AUDIO "0000:05:00.1"
#define CARD "0000:41:00.0"
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

static struct journal_device devices[] = {
	{ .device = GPU, .group = 17 },
	{ .device = AUDIO, .group = 17 },
	{ .kind = HOSTDEV_MDEV, .device = MDEV, .group = -1 },
};

enum { MODULE, FREE, UNBIND, FREE_AUDIO, MAKE, NODE, STEPS };

static struct step steps[STEPS] = {
	[MODULE] = { .op = OP_MODULE, .name = "vfio_pci" },
	[FREE] = { .op = OP_FREE, .lane = 1, .device = GPU },
	[UNBIND] = { .op = OP_UNBIND, .lane = 1, .device = GPU },
	[FREE_AUDIO] = { .op = OP_FREE, .lane = 1, .device = AUDIO },
	[MAKE] = { .op = OP_MDEV, .lane = 3, .device = CARD, .name = MDEV },
	[NODE] = { .op = OP_NODE, .lane = 1, .name = "17" },
};

static struct journal filled(void)
{
	struct journal j = { 0 };

	for (size_t i = 0; i < UNIT_COUNT(devices); i++)
		journal_add_device(&arena, &j, devices[i]);
	for (size_t i = 0; i < UNIT_COUNT(steps); i++)
		journal_add_step(&arena, &j, steps[i]);
	return j;
}

#define is_step(j, s, n) assert_ptr_equal((s), &(j).steps[n])

static void a_device_by_its_name(void **state)
{
	struct journal j = filled();

	(void)state;
	assert_int_equal(j.n_devices, UNIT_COUNT(devices));
	assert_ptr_equal(journal_device(&j, AUDIO), &j.devices[1]);
	assert_ptr_equal(journal_device(&j, MDEV), &j.devices[2]);
	assert_null(journal_device(&j, CARD)); /* has a step, and is no device of the VM */
}

static void a_step_by_its_op(void **state)
{
	struct journal j = filled();

	(void)state;
	is_step(j, journal_step(&j, OP_FREE, AUDIO), FREE_AUDIO);
	is_step(j, journal_step(&j, OP_MDEV, CARD), MAKE);
	assert_null(journal_step(&j, OP_UNBIND, AUDIO));
	assert_null(journal_step(&j, OP_MDEV, MDEV));
	is_step(j, journal_step_named(&j, OP_NODE, "17"), NODE);
	assert_null(journal_step_named(&j, OP_NODE, "18"));
	assert_null(journal_step_named(&j, OP_UNIT, "vfio_pci"));
}

static void the_first_step_of_a_device(void **state)
{
	struct journal j = filled();

	(void)state;
	is_step(j, journal_step_of(&j, GPU), FREE);
	is_step(j, journal_step_of(&j, CARD), MAKE);
	is_step(j, journal_step_of(&j, MDEV), MAKE);
	assert_null(journal_step_of(&j, "17")); /* a name, but not of a device */
}

static void each_step_with_an_op(void **state)
{
	struct journal j = filled();
	const struct step *s = journal_next_step(&j, OP_FREE, NULL);

	(void)state;
	is_step(j, s, FREE);
	s = journal_next_step(&j, OP_FREE, s);
	is_step(j, s, FREE_AUDIO);
	assert_null(journal_next_step(&j, OP_FREE, s));
	assert_null(journal_next_step(&j, OP_VTCON, NULL));
}

static void a_lane_there_and_back(void **state)
{
	static const size_t want[] = { FREE, UNBIND, FREE_AUDIO, NODE };
	struct journal j = filled();
	struct step *s = NULL;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(want); i++) {
		s = journal_next_in_lane(&j, 1, s);
		is_step(j, s, want[i]);
	}
	assert_null(journal_next_in_lane(&j, 1, s));
	s = NULL;
	for (size_t i = UNIT_COUNT(want); i-- > 0;) {
		s = journal_previous_in_lane(&j, 1, s);
		is_step(j, s, want[i]);
	}
	assert_null(journal_previous_in_lane(&j, 1, s));
	assert_null(journal_next_in_lane(&j, 2, NULL)); /* one between may be empty */
	assert_null(journal_previous_in_lane(&j, 2, NULL));
	assert_int_equal(journal_lanes(&j), 4);
}

static void lanes_are_dropped(void **state)
{
	struct journal j = filled();

	(void)state;
	journal_drop_lanes(&j, (const bool[4]){ [1] = true });
	assert_int_equal(j.n_steps, 2);
	assert_int_equal(j.steps[0].op, OP_MODULE);
	assert_int_equal(j.steps[1].op, OP_MDEV);
	assert_int_equal(j.n_devices, UNIT_COUNT(devices));
}

static void nothing_in_an_empty_one(void **state)
{
	struct journal j = { 0 };

	(void)state;
	assert_null(journal_device(&j, GPU));
	assert_null(journal_step(&j, OP_FREE, GPU));
	assert_null(journal_step_named(&j, OP_NODE, "17"));
	assert_null(journal_step_of(&j, GPU));
	assert_null(journal_next_in_lane(&j, 0, NULL));
	assert_null(journal_previous_in_lane(&j, 0, NULL));
	assert_int_equal(journal_lanes(&j), 1);
	journal_drop_lanes(&j, (const bool[1]){ true });
	assert_int_equal(j.n_steps, 0);
}

int main(void)
{
	UNIT_TEST("a device is found by its name", a_device_by_its_name);
	UNIT_TEST("a step is found by its op and its device or name", a_step_by_its_op);
	UNIT_TEST("the first step of a device, or the one that makes it", the_first_step_of_a_device);
	UNIT_TEST("each step with an op, in order", each_step_with_an_op);
	UNIT_TEST("the steps of a lane, in order and in reverse", a_lane_there_and_back);
	UNIT_TEST("the steps of some lanes are removed, and no device", lanes_are_dropped);
	UNIT_TEST("an empty journal has one lane and nothing in it", nothing_in_an_empty_one);
	return unit_run("journal questions");
}
