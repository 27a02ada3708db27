/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When devices go back, and when not: what a VM left, what it still has, a part of it. */
#include "hooks/return.h"

#include <sys/wait.h>
#include <time.h>

#include "assigntree.h"
#include "hooks/recover.h"
#include "proctree.h"

/* --- what is left is recovered */

static void what_is_left_is_recovered_first(void **state)
{
	struct assignment h = asking(OTHER, "desktop");
	struct err err = { 0 };

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	forsake(UUID);
	wish(&h, GPU);
	assert_int_equal(assignment_make(&h, &err), 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(journal_of(OTHER).steps[1].from, "1"); /* what it was before web */
}

static void recovers_all(void **state)
{
	struct assignment h = asking("", "");

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	assert_int_equal(recover_all(&h, NULL, NULL), 0); /* it is starting */
	assert_true(is_there(VMS "/" UUID));
	forsake(UUID);
	assert_int_equal(recover_all(&h, NULL, NULL), 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "1");
	assert_int_equal(h.notes.n, 0);
	tree_file(VMS "/" UUID "/journal.json", "{");
	assert_int_equal(recover_all(&h, NULL, NULL), 1);
	assert_int_equal(h.notes.n, 1);
	assert_says(h.notes.v[0], "the file is not a valid JSON object");
}

/* A reboot has put back everything: nothing is written. */
static void after_a_reboot(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	tree_file("proc/sys/kernel/random/boot_id", "another\n");
	assert_int_equal(assignment_recover(&h, &err), 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "0");
}

/* --- not now */

/* libvirt does not call release twice. */
static void giving_back_waits_for_the_lock(void **state)
{
	struct settings patient = settings;
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };
	pid_t other;
	int lock;

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	lock = state_open(&the_host, UUID, &err);
	assert_int_equal(return_open(&h, 0, &err), -EBUSY);
	other = fork();
	if (other == 0) {
		nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
		_exit(0);
	}
	close(lock); /* the other process has it still */
	patient.hook.unbind_timeout = 600;
	h.settings = &patient;
	assert_int_equal(assignment_return(&h, NULL, &err), 0);
	waitpid(other, NULL, 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "1");
}

static void not_while_it_runs(void **state)
{
	struct assignment h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	make_host();
	take_gpu(UUID, "web");
	proc_qemu(42, UUID);
	wish(&h, GPU);
	assert_int_equal(assignment_make(&h, &err), -EBUSY);
	assert_text(err.text, "web is running (QEMU is process 42); no device is returned");
	assert_int_equal(assignment_recover(&h, &err), -EAGAIN);
	assert_int_equal(journal_of(UUID).state, STATE_BOUND);
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "0");
}

/* --- by hand, a part of it */

static void a_part_goes_back(void **state)
{
	struct assignment h = asking(UUID, NULL);
	struct strv audio = { (const char *[]){ AUDIO }, 1, 0 };
	struct strv disk = { (const char *[]){ NVME }, 1, 0 };
	struct err err = { 0 };
	struct journal j;

	(void)state;
	make_host();
	unlink(tree_path(pcitree_path(NVME, "driver")));
	pcitree_driver(NVME, "vfio-pci");
	h.kind = JOURNAL_HAND;
	wish(&h, GPU);
	wish(&h, NVME);
	if (assignment_make(&h, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(journal_of(UUID).n_devices, 3);
	assert_int_equal(assignment_return(&h, &audio, &err), 0); /* and so its whole group */
	j = journal_of(UUID);
	assert_int_equal(j.n_devices, 1);
	assert_text(j.devices[0].device, NVME);
	assert_int_equal(j.state, STATE_BOUND);
	for (size_t i = 0; i < j.n_steps; i++)
		assert_text(j.steps[i].device, NVME);
	assert_text(pcitree_read(GPU, "d3cold_allowed"), "1");
	assert_int_equal(assignment_return(&h, &disk, &err), 0);
	assert_false(is_there(VMS "/" UUID));
}

int main(void)
{
	TREE_TEST("what a VM left is recovered first", what_is_left_is_recovered_first);
	TREE_TEST("all that is left is recovered", recovers_all);
	TREE_TEST("after a reboot there is nothing to undo", after_a_reboot);
	TREE_TEST("giving back waits for the lock", giving_back_waits_for_the_lock);
	TREE_TEST("nothing is taken or given back while it runs", not_while_it_runs);
	TREE_TEST("by hand a group alone goes back", a_part_goes_back);
	return unit_run("return");
}
