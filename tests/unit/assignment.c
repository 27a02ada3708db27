/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction as far as files go: a device that is on vfio-pci already is taken
 * and given back, and one whose driver does not let go is refused and put back.
 */
#include "hooks/assignment.h"

#include "assigntree.h"

/* --- there and back */

static void taken_and_given_back(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };
	struct journal j;

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "0");
	assert_int_equal(assignment_check(&h, &j, &err), 0);
	assert_int_equal(j.state, STATE_BOUND);
	assert_text(j.boot, BOOT);
	assert_text(j.name, "web");
	assert_int_equal(j.daemon.pid, getppid());
	assert_int_equal(j.n_devices, 2); /* its sibling is nobody else's either */
	assert_int_equal(j.devices[1].role, ROLE_COMPANION);
	for (size_t i = 0; i < j.n_steps; i++)
		assert_true(j.steps[i].done);
	assert_int_equal(assignment_return(&h, NULL, &err), 0);
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "1");
	assert_false(is_there(VMS "/" UUID));
	assert_int_equal(assignment_return(&h, NULL, &err), 0); /* again is fine */
}

static void a_plan_changes_nothing(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };
	struct journal j;

	(void)state;
	make_host();
	wish(&h, NVME);
	assert_int_equal(assignment_plan(&h, &j, &err), 0);
	assert_int_equal(j.n_steps, 4);
	assert_int_equal(j.steps[0].op, OP_FREE);
	assert_int_equal(j.steps[3].op, OP_PROBE);
	assert_text(j.steps[1].from, "");
	assert_false(is_there("run/kvmshim"));
	assert_text(pcitree_read(NVME, "driver_override"), "(null)");
}

/* A second prepare of the same VM begins anew: libvirtd may have been killed in between. */
static void taken_anew(void **state)
{
	struct journal j;

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	take_gpu(UUID, "web");
	j = journal_of(UUID);
	assert_text(j.steps[1].from, "1");
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "0");
}

static void without_devices(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct grants grants = { .known = true };
	struct facts facts = { 0 };
	struct err err = { 0 };
	struct journal j;

	(void)state;
	make_host();
	assert_int_equal(assignment_check(&h, &j, &err), -ENOENT);
	h.facts = &facts;
	h.grants = &grants;
	assert_int_equal(assignment_make(&h, &err), 0);
	assert_true(is_there(VMS "/" UUID "/facts.json"));
	j = journal_of(UUID); /* that tells whose the facts are */
	assert_int_equal(j.state, STATE_BOUND);
	assert_int_equal(j.n_devices + j.n_steps, 0);
	assert_int_equal(assignment_recover(&h, &err), -EAGAIN);
	assert_int_equal(assignment_return(&h, NULL, &err), 0);
	assert_false(is_there(VMS "/" UUID));
}

/* --- refused */

static const struct refused_row {
	const char *name, *first, *second;
	const char *says;
} refused_rows[] = {
	{ "a device that is not there", GPU, "0000:09:00.0",
	  "0000:09:00.0: this host has no such PCI device" },
	{ "a driver that keeps its device", GPU, NVME, NVME ": driver nvme did not unbind" },
};

static void a_refusal_leaves_nothing(void **state)
{
	const struct refused_row *row = *state;
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };

	make_host();
	wish(&h, row->first);
	wish(&h, row->second);
	assert_true(assignment_make(&h, &err) < 0);
	assert_says(err.text, row->says);
	assert_null(strstr(err.text, "undoing"));
	assert_false(is_there(VMS "/" UUID));
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "1");
	assert_true(is_there("sys/bus/pci/devices/" NVME "/driver/unbind"));
	assert_string_not_equal(pcitree_read(NVME, "driver_override"), "vfio-pci");
}

static void all_reasons_are_told(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	make_host();
	wish(&h, "0000:08:00.0");
	wish(&h, "0000:09:00.0");
	assert_int_equal(assignment_make(&h, &err), -EBUSY);
	assert_text(err.text, "0000:08:00.0: this host has no such PCI device; "
			      "0000:09:00.0: this host has no such PCI device");
}

static void asked_for_twice(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct wish again = { .device = GPU }, rule = { .device = GPU, .rule = "a.ini:b" };
	struct err err = { 0 };

	(void)state;
	wish(&h, GPU);
	assert_int_equal(assignment_wish(&h, &again, &err), -EEXIST);
	assert_text(err.text, GPU " is requested twice");
	assert_int_equal(assignment_wish(&h, &rule, &err), -EEXIST);
	assert_text(err.text, GPU " is requested twice: by the domain XML or another rule, and by rule a.ini:b");
	assert_int_equal(h.wishes.n, 1);
}

/* --- two VMs */

static void the_loser_is_told(void **state)
{
	struct assignment h = asking(OTHER, "desktop");
	struct err err = { 0 };

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	wish(&h, AUDIO); /* of the same card */
	assert_int_equal(assignment_make(&h, &err), -EBUSY);
	assert_says(err.text, AUDIO " is in use by VM web");
	assert_says(err.text, GPU " shares IOMMU group 17 with a requested device and is in use by VM web");
	assert_false(is_there(VMS "/" OTHER));
	assert_int_equal(assignment_recover(&h, &err), 0); /* nothing of it is left */
	h.uuid = UUID;
	assert_int_equal(assignment_recover(&h, &err), -EAGAIN); /* that one is starting */
	assert_int_equal(journal_of(UUID).state, STATE_BOUND);
}

static void whose_lock_is_held(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };
	int lock;

	(void)state;
	make_host();
	the_host = tree_host();
	lock = state_open(&the_host, UUID, &err);
	wish(&h, GPU);
	assert_int_equal(assignment_make(&h, &err), -EBUSY);
	assert_text(err.text, "another operation on web is in progress; try again");
	assert_int_equal(assignment_recover(&h, &err), -EAGAIN);
	close(lock);
	assert_int_equal(assignment_recover(&h, &err), 0);
	assert_false(is_there(VMS "/" UUID));
}

static void nobody_waits_for_it(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	make_host();
	h.daemon.pid = getpid(); /* as if our parent had been that one */
	wish(&h, GPU);
	assert_int_equal(assignment_make(&h, &err), -ECHILD);
	assert_text(err.text, arena_printf(&arena, "the libvirt daemon that was starting web has ended "
						   "(process %ld); no device was assigned",
					   (long)getpid()));
	assert_false(is_there(VMS "/" UUID));
}

/* --- afterwards */

static void another_driver_since(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };
	struct journal j;

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	assert_int_equal(unlink(tree_path(pcitree_path(GPU, "driver"))), 0);
	assert_int_equal(assignment_check(&h, &j, &err), -ENODEV);
	assert_text(err.text, GPU " had driver vfio-pci after 'prepare', but the driver is now none");
}

int main(void)
{
	TREE_TEST("what is taken is given back", taken_and_given_back);
	TREE_TEST("a plan changes nothing, not even in /run", a_plan_changes_nothing);
	TREE_TEST("taken again, it begins anew", taken_anew);
	TREE_TEST("a VM without devices has facts, and a journal", without_devices);
	TREE_ROWS(refused_rows, a_refusal_leaves_nothing);
	TREE_TEST("all reasons are told at once", all_reasons_are_told);
	TREE_TEST("a device that is asked for twice", asked_for_twice);
	TREE_TEST("the loser is told who has it", the_loser_is_told);
	TREE_TEST("a lock that is held is an operation in progress", whose_lock_is_held);
	TREE_TEST("nothing is taken for a daemon that is gone", nobody_waits_for_it);
	TREE_TEST("a device that got another driver since", another_driver_since);
	return unit_run("handover");
}
