/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction as far as files go: a device that is on vfio-pci already is taken
 * and given back, and one whose driver does not let go is refused and put back.
 */
#include "hooks/handover.h"

#include <sys/wait.h>
#include <time.h>

#include "conf/settings.h"
#include "err.h"
#include "file.h"
#include "hooks/giveback.h"
#include "hooks/recover.h"
#include "hooks/state.h"
#include "pcitree.h"
#include "str.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define OTHER "00000000-0031-3310-8047-b3c04f4a3532"
#define VMS "run/kvmshim/vm"
#define BOOT "0f1e2d3c-0031"
#define GPU "0000:05:00.0"
#define AUDIO "0000:05:00.1"
#define NVME "0000:03:00.0"
#define MODALIAS "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02"

static void function(const char *address, const char *driver, int group)
{
	pcitree_function(address, MODALIAS);
	pcitree_file(address, "vendor", "0x144d\n");
	pcitree_file(address, "device", "0xa808\n");
	pcitree_driver(address, driver);
	pcitree_group(address, group);
	pcitree_file(address, "driver_override", "(null)\n");
	pcitree_file(address, "d3cold_allowed", "1\n");
	tree_file(arena_printf(&arena, "sys/bus/pci/drivers/%s/unbind", driver), "");
}

static void host(void)
{
	tree_folder("run");
	tree_file("proc/sys/kernel/random/boot_id", BOOT "\n");
	tree_folder("sys/module/vfio_iommu_type1");
	tree_file("sys/bus/pci/drivers_probe", "");
	function(GPU, "vfio-pci", 17);
	function(AUDIO, "vfio-pci", 17);
	function(NVME, "nvme", 12);
}

static struct attribute_setting d3cold = { "d3cold_allowed", "0" };
static struct device_settings sections[] = {
	{ .address = GPU, .attributes = &d3cold, .n_attributes = 1, .unbind_timeout = 10 },
};
static const char *nvme_driver[] = { "nvme" };
static const struct settings settings = {
	.path = "/etc/kvmshim/kvmshim.conf",
	.enabled = true,
	.hook = { .enabled = true, .unbind_timeout = 1, .unbind_drivers = { nvme_driver, 1, 0 } },
	.devices = sections,
	.n_devices = 1,
};

static struct root the_root;

static struct handover asking(const char *uuid, const char *name)
{
	the_root = tree_root();
	return (struct handover){
		.arena = &arena,
		.root = &the_root,
		.settings = &settings,
		.uuid = uuid,
		.name = name,
		.daemon = process_real(&arena, getppid()),
	};
}

static void wish(struct handover *h, const char *device)
{
	struct wish w = { .device = device };
	struct err err = { 0 };

	assert_int_equal(handover_wish(h, &w, &err), 0);
}

static bool is_there(const char *path)
{
	return access(tree_path(path), F_OK) == 0;
}

/* The first line: what a file of sysfs would have. */
static const char *attribute(const char *address, const char *name)
{
	char text[32] = "";
	FILE *f = fopen(tree_path(pcitree_path(address, name)), "re");

	if (!f || !fgets(text, sizeof(text), f))
		fail_msg("%s %s cannot be read", address, name);
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return arena_strdup(&arena, text);
}

static struct journal journal_of(const char *uuid)
{
	struct root root = tree_root();
	struct err err = { 0 };
	struct journal j;

	if (journal_read(&arena, &root, uuid, &j, &err) < 0)
		fail_msg("%s: %s", uuid, err.text);
	return j;
}

/* A VM that has the GPU, and whose daemon is this test's parent: it lives. */
static void take_gpu(const char *uuid, const char *name)
{
	struct handover h = asking(uuid, name);
	struct err err = { 0 };

	wish(&h, GPU);
	if (handover_take(&h, &err) < 0)
		fail_msg("%s", err.text);
}

/* As if that VM's daemon had died before it started it. */
static void forsake(const char *uuid)
{
	struct root root = tree_root();
	struct journal j = journal_of(uuid);
	struct err err = { 0 };
	int folder = state_open(&arena, &root, uuid, &err);

	j.daemon = (struct process){ 0 };
	assert_int_equal(journal_write(&arena, folder, &j, &err), 0);
	close(folder);
}

/* --- there and back */

static void taken_and_given_back(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };
	struct journal j;

	(void)state;
	host();
	take_gpu(UUID, "web");
	assert_text(attribute(GPU, "d3cold_allowed"), "0");
	assert_int_equal(handover_check(&h, &j, &err), 0);
	assert_int_equal(j.state, STATE_BOUND);
	assert_text(j.boot, BOOT);
	assert_text(j.name, "web");
	assert_int_equal(j.daemon.pid, getppid());
	assert_int_equal(j.n_devices, 2); /* its sibling is nobody else's either */
	assert_int_equal(j.devices[1].role, ROLE_COMPANION);
	for (size_t i = 0; i < j.n_steps; i++)
		assert_true(j.steps[i].done);
	assert_int_equal(handover_give(&h, NULL, &err), 0);
	assert_text(attribute(GPU, "d3cold_allowed"), "1");
	assert_false(is_there(VMS "/" UUID));
	assert_int_equal(handover_give(&h, NULL, &err), 0); /* again is fine */
}

static void a_plan_changes_nothing(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };
	struct journal j;

	(void)state;
	host();
	wish(&h, NVME);
	assert_int_equal(handover_plan(&h, &j, &err), 0);
	assert_int_equal(j.n_steps, 4);
	assert_int_equal(j.steps[0].op, OP_FREE);
	assert_int_equal(j.steps[3].op, OP_PROBE);
	assert_text(j.steps[1].from, "");
	assert_false(is_there("run/kvmshim"));
	assert_text(attribute(NVME, "driver_override"), "(null)");
}

/* A second prepare of the same VM begins anew: libvirtd may have been killed in between. */
static void taken_anew(void **state)
{
	struct journal j;

	(void)state;
	host();
	take_gpu(UUID, "web");
	take_gpu(UUID, "web");
	j = journal_of(UUID);
	assert_text(j.steps[1].from, "1");
	assert_text(attribute(GPU, "d3cold_allowed"), "0");
}

static void without_devices(void **state)
{
	struct handover h = asking(UUID, "web");
	struct grants grants = { .known = true };
	struct facts facts = { 0 };
	struct err err = { 0 };
	struct journal j;

	(void)state;
	host();
	assert_int_equal(handover_check(&h, &j, &err), -ENOENT);
	h.facts = &facts;
	h.grants = &grants;
	assert_int_equal(handover_take(&h, &err), 0);
	assert_true(is_there(VMS "/" UUID "/facts.json"));
	j = journal_of(UUID); /* that tells whose the facts are */
	assert_int_equal(j.state, STATE_BOUND);
	assert_int_equal(j.n_devices + j.n_steps, 0);
	assert_int_equal(handover_recover(&h, &err), -EAGAIN);
	assert_int_equal(handover_give(&h, NULL, &err), 0);
	assert_false(is_there(VMS "/" UUID));
}

/* --- refused */

static const struct refused_row {
	const char *name, *first, *second;
	const char *says;
} refused_rows[] = {
	{ "a device that is not there", GPU, "0000:09:00.0",
	  "0000:09:00.0: this host has no such PCI device" },
	{ "a driver that keeps its device", GPU, NVME, NVME ": nvme did not let it go" },
};

static void a_refusal_leaves_nothing(void **state)
{
	const struct refused_row *row = *state;
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };

	host();
	wish(&h, row->first);
	wish(&h, row->second);
	assert_true(handover_take(&h, &err) < 0);
	assert_says(err.text, row->says);
	assert_null(strstr(err.text, "undoing"));
	assert_false(is_there(VMS "/" UUID));
	assert_text(attribute(GPU, "d3cold_allowed"), "1");
	assert_true(is_there("sys/bus/pci/devices/" NVME "/driver/unbind"));
	assert_string_not_equal(attribute(NVME, "driver_override"), "vfio-pci");
}

static void all_reasons_are_told(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	host();
	wish(&h, "0000:08:00.0");
	wish(&h, "0000:09:00.0");
	assert_int_equal(handover_take(&h, &err), -EBUSY);
	assert_text(err.text, "0000:08:00.0: this host has no such PCI device; "
			      "0000:09:00.0: this host has no such PCI device");
}

static void asked_for_twice(void **state)
{
	struct handover h = asking(UUID, "web");
	struct wish again = { .device = GPU }, rule = { .device = GPU, .rule = "a.ini:b" };
	struct err err = { 0 };

	(void)state;
	wish(&h, GPU);
	assert_int_equal(handover_wish(&h, &again, &err), -EEXIST);
	assert_text(err.text, GPU " is asked for twice");
	assert_int_equal(handover_wish(&h, &rule, &err), -EEXIST);
	assert_text(err.text, GPU " is asked for twice: by the domain or another rule, and by a.ini:b");
	assert_int_equal(h.wishes.n, 1);
}

/* --- two VMs */

static void the_loser_is_told(void **state)
{
	struct handover h = asking(OTHER, "desktop");
	struct err err = { 0 };

	(void)state;
	host();
	take_gpu(UUID, "web");
	wish(&h, AUDIO); /* of the same card */
	assert_int_equal(handover_take(&h, &err), -EBUSY);
	assert_says(err.text, AUDIO " is in use by VM web");
	assert_says(err.text, GPU ", of the same IOMMU group 17, is in use by VM web");
	assert_false(is_there(VMS "/" OTHER));
	assert_int_equal(handover_recover(&h, &err), 0); /* nothing of it is left */
	h.uuid = UUID;
	assert_int_equal(handover_recover(&h, &err), -EAGAIN); /* that one is starting */
	assert_int_equal(journal_of(UUID).state, STATE_BOUND);
}

static void what_is_left_is_recovered_first(void **state)
{
	struct handover h = asking(OTHER, "desktop");
	struct err err = { 0 };

	(void)state;
	host();
	take_gpu(UUID, "web");
	forsake(UUID);
	wish(&h, GPU);
	assert_int_equal(handover_take(&h, &err), 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(journal_of(OTHER).steps[1].from, "1"); /* what it was before web */
}

static void whose_lock_is_held(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };
	int lock;

	(void)state;
	host();
	the_root = tree_root();
	lock = state_open(&arena, &the_root, UUID, &err);
	wish(&h, GPU);
	assert_int_equal(handover_take(&h, &err), -EBUSY);
	assert_text(err.text, "another operation on web is in progress");
	assert_int_equal(handover_recover(&h, &err), -EAGAIN);
	close(lock);
	assert_int_equal(handover_recover(&h, &err), 0);
	assert_false(is_there(VMS "/" UUID));
}

/* libvirt does not call release twice. */
static void giving_back_waits_for_the_lock(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };
	pid_t other;
	int lock;

	(void)state;
	host();
	take_gpu(UUID, "web");
	lock = state_open(&arena, &the_root, UUID, &err);
	assert_int_equal(giveback_open(&arena, &the_root, UUID, "web", 0, &err), -EBUSY);
	other = fork();
	if (other == 0) {
		nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
		_exit(0);
	}
	close(lock); /* the other process has it still */
	assert_int_equal(handover_give(&h, NULL, &err), 0);
	waitpid(other, NULL, 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(attribute(GPU, "d3cold_allowed"), "1");
}

static void nobody_waits_for_it(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	host();
	h.daemon.pid = getpid(); /* as if our parent had been that one */
	wish(&h, GPU);
	assert_int_equal(handover_take(&h, &err), -ECHILD);
	assert_text(err.text, arena_printf(&arena, "who asked for web is gone (process %ld)",
					   (long)getpid()));
	assert_false(is_there(VMS "/" UUID));
}

static void recovers_all(void **state)
{
	struct handover h = asking("", "");

	(void)state;
	host();
	take_gpu(UUID, "web");
	assert_int_equal(recover_all(&h, NULL, NULL), 0); /* it is starting */
	assert_true(is_there(VMS "/" UUID));
	forsake(UUID);
	assert_int_equal(recover_all(&h, NULL, NULL), 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(attribute(GPU, "d3cold_allowed"), "1");
	assert_int_equal(h.notes.n, 0);
	tree_file(VMS "/" UUID "/journal.json", "{");
	assert_int_equal(recover_all(&h, NULL, NULL), 1);
	assert_int_equal(h.notes.n, 1);
	assert_says(h.notes.v[0], "not a JSON object");
}

/* --- not while it runs */

static void not_while_it_runs(void **state)
{
	static const char line[] = "qemu\0-uuid\0" UUID;
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	host();
	take_gpu(UUID, "web");
	tree_bytes("proc/42/cmdline", line, sizeof(line), 0444);
	tree_file("proc/42/comm", "qemu-system-x86\n");
	tree_file("proc/42/stat", "42 (qemu) S 1 1 1 0 1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0\n");
	wish(&h, GPU);
	assert_int_equal(handover_take(&h, &err), -EBUSY);
	assert_text(err.text, "web runs (QEMU is process 42): nothing is given back");
	assert_int_equal(handover_recover(&h, &err), -EAGAIN);
	assert_int_equal(journal_of(UUID).state, STATE_BOUND);
	assert_text(attribute(GPU, "d3cold_allowed"), "0");
}

static void another_driver_since(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };
	struct journal j;

	(void)state;
	host();
	take_gpu(UUID, "web");
	assert_int_equal(unlink(tree_path(pcitree_path(GPU, "driver"))), 0);
	assert_int_equal(handover_check(&h, &j, &err), -ENODEV);
	assert_text(err.text, GPU " was prepared with driver vfio-pci, and its driver is now none");
}

/* A reboot has put back everything: nothing is written. */
static void after_a_reboot(void **state)
{
	struct handover h = asking(UUID, "web");
	struct err err = { 0 };

	(void)state;
	host();
	take_gpu(UUID, "web");
	tree_file("proc/sys/kernel/random/boot_id", "another\n");
	assert_int_equal(handover_recover(&h, &err), 0);
	assert_false(is_there(VMS "/" UUID));
	assert_text(attribute(GPU, "d3cold_allowed"), "0");
}

/* --- by hand, a part of it */

static void a_part_goes_back(void **state)
{
	struct handover h = asking(UUID, NULL);
	struct strv audio = { (const char *[]){ AUDIO }, 1, 0 };
	struct strv disk = { (const char *[]){ NVME }, 1, 0 };
	struct err err = { 0 };
	struct journal j;

	(void)state;
	host();
	unlink(tree_path(pcitree_path(NVME, "driver")));
	pcitree_driver(NVME, "vfio-pci");
	h.kind = JOURNAL_HAND;
	wish(&h, GPU);
	wish(&h, NVME);
	if (handover_take(&h, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(journal_of(UUID).n_devices, 3);
	assert_int_equal(handover_give(&h, &audio, &err), 0); /* and so its whole group */
	j = journal_of(UUID);
	assert_int_equal(j.n_devices, 1);
	assert_text(j.devices[0].device, NVME);
	assert_int_equal(j.state, STATE_BOUND);
	for (size_t i = 0; i < j.n_steps; i++)
		assert_text(j.steps[i].device, NVME);
	assert_text(attribute(GPU, "d3cold_allowed"), "1");
	assert_int_equal(handover_give(&h, &disk, &err), 0);
	assert_false(is_there(VMS "/" UUID));
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
	TREE_TEST("what a VM left is recovered first", what_is_left_is_recovered_first);
	TREE_TEST("a lock that is held is an operation in progress", whose_lock_is_held);
	TREE_TEST("giving back waits for it", giving_back_waits_for_the_lock);
	TREE_TEST("nothing is taken for a daemon that is gone", nobody_waits_for_it);
	TREE_TEST("all that is left is recovered", recovers_all);
	TREE_TEST("nothing is taken or given back while it runs", not_while_it_runs);
	TREE_TEST("a device that got another driver since", another_driver_since);
	TREE_TEST("after a reboot there is nothing to undo", after_a_reboot);
	TREE_TEST("by hand a group alone goes back", a_part_goes_back);
	return unit_run("handover");
}
