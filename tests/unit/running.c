/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between prepare and release: a VFIO node is given, QEMU is noted. */
#include "hooks/running.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "conf/settings.h"
#include "err.h"
#include "hooks/domain/domain.h"
#include "hooks/assignment.h"
#include "hooks/journal/state.h"
#include "host/vfionode.h"
#include "pcitree.h"
#include "proctree.h"
#include "str.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define GPU "0000:05:00.0"
#define AUDIO "0000:05:00.1"
#define NVME "0000:03:00.0"

static struct journal_device devices[] = {
	{ HOSTDEV_PCI, ROLE_GRANT, GPU, "nvidia", "vfio-pci", "a.ini:b", 17 },
	{ HOSTDEV_PCI, ROLE_GRANT, AUDIO, NULL, "vfio-pci", "a.ini:b", 17 },
	{ HOSTDEV_PCI, ROLE_HOSTDEV, NVME, "nvme", "vfio-pci", NULL, 12 },
};
static struct step steps[] = {
	{ OP_FREE, 2, NVME, NULL, NULL, NULL, true, 1 },
	{ OP_FREE, 1, GPU, NULL, NULL, NULL, true, 1 },
};
static const struct settings settings = { .hook = { .unbind_timeout = 1 } };
static struct host the_host;

static struct assignment of_web(void)
{
	the_host = tree_host();
	return (struct assignment){ .host = the_host,
				    .settings = &settings,
				    .uuid = UUID,
				    .name = "web",
				    .daemon = process_real(&arena, getppid()) };
}

static void prepared(void)
{
	struct host host = tree_host();
	struct journal j = { .state = STATE_BOUND, .uuid = UUID, .name = "web", .boot = "b" };
	struct err err = { 0 };
	int folder;

	tree_folder("run");
	tree_file("proc/sys/kernel/random/boot_id", "b\n");
	for (size_t i = 0; i < UNIT_COUNT(devices); i++) {
		pcitree_function(devices[i].device, NULL);
		pcitree_driver(devices[i].device, "vfio-pci");
		*arena_push(&arena, j.devices, j.n_devices, j.devices_cap) = devices[i];
	}
	for (size_t i = 0; i < UNIT_COUNT(steps); i++)
		*arena_push(&arena, j.steps, j.n_steps, j.steps_cap) = steps[i];
	tree_file("dev/vfio/17", "");
	tree_file("dev/vfio/12", "");
	folder = state_open(&host, UUID, &err);
	assert_int_equal(journal_write(&arena, folder, &j, &err), 0);
	close(folder);
}

static struct journal now(void)
{
	struct host host = tree_host();
	struct err err = { 0 };
	struct journal j;

	if (journal_read(&host, UUID, &j, &err) < 0)
		fail_msg("%s", err.text);
	return j;
}

static const char *owner(const char *group)
{
	struct host host = tree_host();

	return vfionode_owner(&host, group);
}

/* --- before QEMU */

static struct domain owned_by(uid_t uid, gid_t gid)
{
	return (struct domain){
		.name = "web", .uuid = UUID, .has_owner = true, .uid = uid, .gid = gid
	};
}

/* Once for the group, journaled in the lane of its device; libvirt sees to its own hostdevs. */
static void the_node_of_a_grant_is_given(void **state)
{
	uid_t uid = geteuid() == 0 ? 64055 : geteuid();
	gid_t gid = geteuid() == 0 ? 108 : getegid();
	struct domain d = owned_by(uid, gid);
	struct assignment h = of_web();
	struct err err = { 0 };
	const char *before;
	struct journal j;

	(void)state;
	prepared();
	before = owner("17");
	for (int twice = 0; twice < 2; twice++)
		if (running_start(&h, &d, &err) < 0)
			fail_msg("%s", err.text);
	j = now();
	assert_text(owner("12"), before);
	if (geteuid() != 0) /* it is ours already */
		return;
	assert_text(owner("17"), "64055:108");
	assert_int_equal(j.n_steps, 3);
	assert_int_equal(j.steps[2].op, OP_NODE);
	assert_int_equal(j.steps[2].lane, 1);
	assert_text(j.steps[2].name, "17");
	assert_text(j.steps[2].from, before);
	assert_true(j.steps[2].done);
	assert_int_equal(assignment_return(&h, NULL, &err), 0);
	assert_text(owner("17"), before);
}

/* From here on fchownat() kills the process: as if it were killed just before or after it. */
static void no_chown(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchownat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { UNIT_COUNT(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(1);
}

/* Bound since boot, it stays on vfio-pci and would keep its node, and the node QEMU's user. */
static void a_killed_gift_is_taken_back(void **state)
{
	struct domain d = owned_by(64055, 108);
	struct assignment h = of_web();
	struct err err = { 0 };
	struct journal j;
	int status;
	pid_t pid;

	(void)state;
	prepared();
	pid = fork();
	if (pid == 0) {
		no_chown();
		running_start(&h, &d, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	j = now();
	assert_int_equal(j.n_steps, 3);
	assert_int_equal(j.steps[2].op, OP_NODE);
	assert_true(j.steps[2].done); /* or nobody would undo it */
	assert_int_equal(chown(tree_path("dev/vfio/17"), geteuid() ? geteuid() : 64055, getegid()),
			 0);
	assert_int_equal(assignment_return(&h, NULL, &err), 0);
	assert_text(owner("17"), arena_printf(&arena, "%u:%u", geteuid(), getegid()));
}

static void nobody_to_give_it_to(void **state)
{
	struct domain d = { .name = "web", .uuid = UUID };
	struct assignment h = of_web();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(running_start(&h, &d, &err), 0); /* nothing was prepared */
	prepared();
	assert_int_equal(running_start(&h, &d, &err), 0);
	assert_int_equal(now().n_steps, 2);
}

static void no_longer_what_was_prepared(void **state)
{
	struct domain d = owned_by(1, 1);
	struct assignment h = of_web();
	struct err err = { 0 };

	(void)state;
	prepared();
	unlink(tree_path(pcitree_path(NVME, "driver")));
	assert_int_equal(running_start(&h, &d, &err), -ENODEV);
	assert_says(err.text,
		    NVME " had driver vfio-pci after 'prepare', but the driver is now none");
	assert_int_equal(now().n_steps, 2);
}

/* --- while it runs */

static const struct note_row {
	const char *name, *pid_file;
	int runs[2];
	pid_t pid;
	enum journal_state state;
} note_rows[] = {
	{ "libvirt's pid file tells", "43\n", { 42, 43 }, 43, STATE_RUNNING },
	{ "without it the UUID does", NULL, { 42 }, 42, STATE_RUNNING },
	{ "one that names nobody of ours", "7\n", { 42 }, 42, STATE_RUNNING },
	{ "one that is no number", "x\n", { 42 }, 42, STATE_RUNNING },
	{ "no QEMU is seen", "43\n", { 0 }, 0, STATE_BOUND },
};

static void qemu_is_noted(void **state)
{
	const struct note_row *row = *state;
	struct assignment h = of_web();
	struct err err = { 0 };
	struct journal j;

	assert_int_equal(running_note(&h, &err), 0); /* nothing was prepared */
	prepared();
	if (row->pid_file)
		tree_file("run/libvirt/qemu/web.pid", row->pid_file);
	for (size_t i = 0; i < UNIT_COUNT(row->runs) && row->runs[i]; i++)
		proc_qemu(row->runs[i], UUID);
	assert_int_equal(running_note(&h, &err), 0);
	j = now();
	assert_int_equal(j.qemu.pid, row->pid);
	assert_int_equal(j.state, row->state);
	assert_int_equal(j.daemon.pid, getppid());
	assert_int_equal(j.n_steps, 2);
}

int main(void)
{
	TREE_TEST("the node of a granted device is given away, and taken back",
		  the_node_of_a_grant_is_given);
	TREE_TEST("so it is where its giver was killed", a_killed_gift_is_taken_back);
	TREE_TEST("without an owner, or a journal, nothing is given", nobody_to_give_it_to);
	TREE_TEST("what changed since prepare stops the start", no_longer_what_was_prepared);
	TREE_ROWS(note_rows, qemu_is_noted);
	return unit_run("running");
}
