/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a journal is alive, and who has what. */
#include "hooks/survey/reserve.h"

#include "err.h"
#include "hooks/journal/state.h"
#include "proctree.h"
#include "str.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define OTHER "00000000-0031-3310-8047-b3c04f4a3532"
#define BOOT "0f1e2d3c-0031"
#define GPU "0000:05:00.0"
#define NVME "0000:03:00.0"

static struct journal_device gpu_only[] = {
	{ HOSTDEV_PCI, ROLE_HOSTDEV, GPU, "nvidia", "vfio-pci", NULL, 17 },
};

static struct journal journal(enum journal_kind kind, enum journal_state state)
{
	return (struct journal){
		.kind = kind,
		.state = state,
		.uuid = UUID,
		.name = kind == JOURNAL_VM ? "web" : NULL,
		.boot = BOOT,
		.devices = gpu_only,
		.n_devices = 1,
	};
}

/* --- what keeps it alive: processes of the test's /proc, the daemon of the real one */

enum {
	QEMU = 1,      /* process 42, since 5, has the UUID */
	NODE_OPEN = 2, /* process 44 has the group's node open */
	DAEMON = 4,    /* the daemon lives */
	OTHER_BOOT = 8,
	NO_NODE = 16, /* the kernel has no such node */
};

static const struct life_row {
	const char *name;
	enum journal_kind kind;
	enum journal_state state;
	unsigned host, ask;
	struct process qemu; /* that was noted */
	enum life want;
	pid_t holder;
} life_rows[] = {
	{ "nothing speaks for it", JOURNAL_VM, STATE_BOUND, .want = LIFE_NONE },
	{ "its QEMU runs", JOURNAL_VM, STATE_RUNNING, QEMU, .qemu = { 42, 5 }, .want = LIFE_QEMU,
	  .holder = 42 },
	{ "so it does where nobody noted it", JOURNAL_VM, STATE_BOUND, QEMU, .want = LIFE_QEMU,
	  .holder = 42 },
	{ "or another process was noted", JOURNAL_VM, STATE_RUNNING, QEMU, .qemu = { 7, 7 },
	  .want = LIFE_QEMU, .holder = 42 },
	{ "whoever asks",
	  JOURNAL_VM,
	  STATE_RUNNING,
	  QEMU,
	  ASK_OWN | ASK_LOCKED,
	  { 42, 5 },
	  LIFE_QEMU,
	  42 },
	{ "its number is another process's now", JOURNAL_VM, STATE_RUNNING, .qemu = { 44, 4 },
	  .want = LIFE_NONE },
	{ "the noted one lives, and its command line is gone already", JOURNAL_VM, STATE_RUNNING,
	  .qemu = { 44, 5 }, .want = LIFE_QEMU, .holder = 44 },
	{ "the daemon prepares it", JOURNAL_VM, STATE_BINDING, DAEMON, .want = LIFE_STARTING },
	{ "the daemon is about to start it", JOURNAL_VM, STATE_BOUND, DAEMON,
	  .want = LIFE_STARTING },
	{ "the daemon itself asks", JOURNAL_VM, STATE_BOUND, DAEMON, ASK_OWN, .want = LIFE_NONE },
	{ "it ran, and the daemon lives on", JOURNAL_VM, STATE_RUNNING, DAEMON, .qemu = { 7, 7 },
	  .want = LIFE_NONE },
	{ "it is being given back", JOURNAL_VM, STATE_RELEASING, DAEMON, .want = LIFE_NONE },
	{ "its node is open", JOURNAL_VM, STATE_RUNNING, NODE_OPEN, .want = LIFE_NODE_OPEN,
	  .holder = 44 },
	{ "to the daemon too", JOURNAL_VM, STATE_BOUND, NODE_OPEN | DAEMON, ASK_OWN,
	  .want = LIFE_NODE_OPEN, .holder = 44 },
	{ "there is no node", JOURNAL_VM, STATE_BOUND, NODE_OPEN | NO_NODE, .want = LIFE_NONE },
	{ "the host was booted since", JOURNAL_VM, STATE_RUNNING,
	  QEMU | NODE_OPEN | DAEMON | OTHER_BOOT, .qemu = { 42, 5 }, .want = LIFE_NONE },
	{ "bound by hand", JOURNAL_HAND, STATE_BOUND, .want = LIFE_HAND },
	{ "binding by hand was interrupted", JOURNAL_HAND, STATE_BINDING, DAEMON,
	  .want = LIFE_NONE },
	{ "the hand that bound it may give it back", JOURNAL_HAND, STATE_BOUND, 0,
	  ASK_OWN | ASK_LOCKED, .want = LIFE_NONE },
	{ "but not while a VM has it open", JOURNAL_HAND, STATE_BOUND, NODE_OPEN,
	  ASK_OWN | ASK_LOCKED, .want = LIFE_NODE_OPEN, .holder = 44 },
	{ "nor is what was interrupted undone then", JOURNAL_HAND, STATE_RELEASING, NODE_OPEN,
	  .want = LIFE_NODE_OPEN, .holder = 44 },
};

/* /dev/zero's number stands for the node's. */
static void make_host(unsigned has)
{
	tree_file("proc/sys/kernel/random/boot_id", has & OTHER_BOOT ? "1234\n" : BOOT "\n");
	proc_qemu(44, OTHER);
	if (has & QEMU)
		proc_qemu(42, UUID);
	if (has & NODE_OPEN)
		proc_fd(44, 9, "/dev/zero");
	if (!(has & NO_NODE))
		tree_file("sys/class/vfio/17/dev", "1:5\n");
}

static void is_it_alive(void **state)
{
	const struct life_row *row = *state;
	struct host host = tree_host();
	struct journal j = journal(row->kind, row->state);
	struct process holder = { 99, 99 };

	make_host(row->host);
	j.qemu = row->qemu;
	if (row->host & DAEMON)
		j.daemon = process_real(&arena, getpid());
	assert_int_equal(reserve_life(&host, &j, row->ask, &holder), row->want);
	assert_int_equal(holder.pid, row->holder);
}

static int lock_of(const char *uuid)
{
	struct host host = tree_host();
	struct err err = { 0 };
	int fd;

	tree_folder("run");
	fd = state_open(&host, uuid, &err);
	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

static void somebody_works_on_it(void **state)
{
	struct host host = tree_host();
	struct journal j = journal(JOURNAL_VM, STATE_BINDING);
	struct process holder;
	int lock = lock_of(UUID);

	(void)state;
	make_host(0);
	assert_int_equal(reserve_life(&host, &j, 0, &holder), LIFE_IN_PROGRESS);
	assert_int_equal(reserve_life(&host, &j, ASK_LOCKED, &holder), LIFE_NONE);
	close(lock);
	assert_int_equal(reserve_life(&host, &j, 0, &holder), LIFE_NONE);
}

/* --- all of them */

static void publish(const char *uuid, struct journal j)
{
	struct err err = { 0 };
	int folder = lock_of(uuid);

	j.uuid = uuid;
	if (journal_write(&arena, folder, &j, &err) < 0)
		fail_msg("%s", err.text);
	close(folder);
}

static void all_are_read(void **state)
{
	struct host host = tree_host();
	struct reservations all = { 0 }, some = { 0 };
	struct err err = { 0 };

	(void)state;
	make_host(QEMU);
	publish(UUID, journal(JOURNAL_VM, STATE_RUNNING));
	publish(OTHER, journal(JOURNAL_HAND, STATE_BOUND));
	tree_folder("run/kvmshim/vm/11111111-0031-3310-8047-b3c04f4a3532"); /* no journal yet */
	assert_int_equal(reserve_read(&host, NULL, &all, &err), 0);
	assert_int_equal(all.n, 2);
	assert_text(all.v[0].journal.uuid, OTHER);
	assert_int_equal(all.v[0].life, LIFE_HAND);
	assert_int_equal(all.v[1].life, LIFE_QEMU);
	assert_int_equal(all.v[1].holder.pid, 42);
	assert_int_equal(reserve_read(&host, UUID, &some, &err), 0);
	assert_int_equal(some.n, 1);
	assert_text(some.v[0].journal.uuid, OTHER);
}

/* Under the lock there is no time to look for processes: what changed is taken to be alive. */
static void read_again(void **state)
{
	struct host host = tree_host();
	struct reservations seen = { 0 }, again = { 0 }, changed = { 0 };
	struct err err = { 0 };

	(void)state;
	make_host(QEMU);
	publish(UUID, journal(JOURNAL_VM, STATE_RUNNING));
	publish(OTHER, journal(JOURNAL_VM, STATE_RELEASING));
	assert_int_equal(reserve_read(&host, NULL, &seen, &err), 0);
	assert_int_equal(reserve_again(&host, NULL, &seen, &again, &err), 0);
	assert_int_equal(again.n, 2);
	assert_int_equal(again.v[0].life, LIFE_QEMU); /* process 44 */
	assert_int_equal(again.v[1].life, LIFE_QEMU);
	assert_int_equal(again.v[1].holder.pid, 42);
	publish(OTHER, journal(JOURNAL_HAND, STATE_BOUND));
	publish(UUID, journal(JOURNAL_VM, STATE_BINDING));
	assert_int_equal(reserve_again(&host, NULL, &seen, &changed, &err), 0);
	assert_int_equal(changed.v[0].life, LIFE_HAND);
	assert_int_equal(changed.v[1].life, LIFE_IN_PROGRESS);
	changed.n = 0;
	assert_int_equal(reserve_again(&host, UUID, &seen, &changed, &err), 0);
	assert_int_equal(changed.n, 1);
}

/* A part of it may be given back while its journal stays as it is. */
static void by_hand_and_in_progress(void **state)
{
	struct host host = tree_host();
	struct reservations seen = { 0 }, again = { 0 };
	struct err err = { 0 };
	int lock;

	(void)state;
	make_host(0);
	publish(UUID, journal(JOURNAL_HAND, STATE_BOUND));
	assert_int_equal(reserve_read(&host, NULL, &seen, &err), 0);
	assert_null(reserve_owner(&seen, GPU, JOURNAL_VM));
	lock = lock_of(UUID);
	assert_int_equal(reserve_again(&host, NULL, &seen, &again, &err), 0);
	assert_ptr_equal(reserve_owner(&again, GPU, JOURNAL_VM), &again.v[0]);
	close(lock);
}

static void one_that_is_not_believed(void **state)
{
	struct host host = tree_host();
	struct reservations all = { 0 };
	struct err err = { 0 };

	(void)state;
	publish(UUID, journal(JOURNAL_VM, STATE_RUNNING));
	tree_file("run/kvmshim/vm/" UUID "/journal.json", "{");
	assert_int_equal(reserve_read(&host, NULL, &all, &err), 0);
	assert_int_equal(all.n, 0);
	assert_int_equal(all.n_doubts, 1);
	assert_text(all.doubts[0].name, UUID);
	assert_says(all.doubts[0].why, UUID);
	assert_false(all.doubts[0].whole);
}

/* What a device that nobody else names is on, and what the bytes say. */
static const struct doubt_row {
	const char *name, *bytes, *driver;
	bool known; /* by a journal that can be read */
	bool want;
} doubt_rows[] = {
	{ "named by the bytes, with its driver", "{\n \"x\": \"" GPU "\"\n}\n", "nouveau", false, true },
	{ "named by half of the bytes", "{\n \"x\": \"" GPU, "nouveau", false, true },
	{ "not named by all of the bytes", "{\n \"x\": 1\n}\n", "vfio-pci", false, false },
	{ "not named by half, with its driver", "{", "nouveau", false, false },
	{ "not named by half, with VFIO", "{", "vfio-pci", false, true },
	{ "not named by half, without a driver", "{", NULL, false, true },
	{ "not named by half, but by another journal", "{", "vfio-pci", true, false },
	{ "no bytes at all", "", "vfio-pci", false, true },
};

static void doubts_what_it_can_mean(void **state)
{
	const struct doubt_row *row = *state;
	struct host host = tree_host();
	struct reservations all = { 0 };
	struct err err = { 0 };

	publish(UUID, journal(JOURNAL_VM, STATE_RUNNING));
	tree_file("run/kvmshim/vm/" UUID "/journal.json", row->bytes);
	if (row->known)
		publish(OTHER, journal(JOURNAL_VM, STATE_RUNNING));
	tree_folder("sys/bus/pci/devices/" GPU);
	if (row->driver)
		tree_link("sys/bus/pci/devices/" GPU "/driver",
			  arena_printf(&arena, "../../drivers/%s", row->driver));
	assert_int_equal(reserve_read(&host, NULL, &all, &err), 0);
	assert_int_equal(reserve_doubt(&host, &all, GPU) != NULL, row->want);
}

static void whose_it_is(void **state)
{
	struct reservation v[] = {
		{ .journal = journal(JOURNAL_HAND, STATE_BOUND), .life = LIFE_HAND },
		{ .journal = journal(JOURNAL_VM, STATE_RUNNING), .life = LIFE_QEMU },
	};
	struct reservations hand = { v, 1, 0 }, both = { v, 2, 0 };

	(void)state;
	assert_null(reserve_owner(&hand, GPU, JOURNAL_VM)); /* that is what it was bound for */
	assert_ptr_equal(reserve_owner(&hand, GPU, JOURNAL_HAND), &v[0]);
	assert_ptr_equal(reserve_owner(&both, GPU, JOURNAL_VM), &v[1]);
	assert_null(reserve_owner(&both, NVME, JOURNAL_VM));
	v[0].life = LIFE_NONE; /* interrupted: it is to be undone first */
	assert_ptr_equal(reserve_owner(&hand, GPU, JOURNAL_VM), &v[0]);
}

static void what_it_made_one_on(void **state)
{
	struct step step = { .op = OP_MDEV, .device = NVME, .name = OTHER, .to = "nvidia-63" };
	struct reservation one = { .journal = journal(JOURNAL_VM, STATE_RUNNING) };
	struct reservations all = { &one, 1, 0 };

	(void)state;
	one.journal.steps = &step;
	one.journal.n_steps = 1;
	assert_ptr_equal(reserve_owner(&all, NVME, JOURNAL_VM), &one);
	assert_null(reserve_taken(&all, NVME, JOURNAL_VM));
	assert_ptr_equal(reserve_taken(&all, GPU, JOURNAL_VM), &one);
	step.op = OP_ATTRIBUTE;
	assert_null(reserve_owner(&all, NVME, JOURNAL_VM));
}

/* --- stuck */

static void what_is_stuck(void **state)
{
	struct process self = process_real(&arena, getpid()), gone = { self.pid, self.start + 1 };
	struct stuck stuck[] = {
		{ NULL, OP_VTCON, self },
		{ NVME, OP_UNBIND, gone },
		{ GPU, OP_UNBIND, gone },
		{ GPU, OP_PROBE, self },
	};
	struct reservation one = { .journal = journal(JOURNAL_VM, STATE_RELEASING) };
	struct reservations all = { &one, 1, 0 };

	(void)state;
	one.journal.stuck = stuck;
	one.journal.n_stuck = UNIT_COUNT(stuck);
	assert_ptr_equal(reserve_stuck(&arena, &all, GPU), &stuck[3]);
	assert_null(reserve_stuck(&arena, &all, NVME));
	assert_null(reserve_stuck(&arena, &all, "0000:09:00.0"));
}

int main(void)
{
	TREE_ROWS(life_rows, is_it_alive);
	TREE_TEST("whose lock is held is in progress", somebody_works_on_it);
	TREE_TEST("all journals are read, but one's own", all_are_read);
	TREE_TEST("read again, one that changed is alive", read_again);
	TREE_TEST("read again, what is being given back by hand is no VM's", by_hand_and_in_progress);
	TREE_TEST("a journal that is not believed leaves a doubt", one_that_is_not_believed);
	TREE_ROWS(doubt_rows, doubts_what_it_can_mean);
	UNIT_TEST("what was bound by hand is there for VMs", whose_it_is);
	UNIT_TEST("what a mediated device was made on is not taken away", what_it_made_one_on);
	UNIT_TEST("a stuck operation counts while its child lives, and may have no device", what_is_stuck);
	return unit_run("reserve");
}
