/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/holders.h"

#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "proctree.h"

static struct node nodes_v[] = { { .name = "full" }, { .name = "zero" } };

static struct nodes some_nodes(void)
{
	nodes_v[0].dev = makedev(1, 7);
	nodes_v[1].dev = makedev(1, 5);
	return (struct nodes){ .v = nodes_v, .n = UNIT_COUNT(nodes_v) };
}

static void holders_find(const struct host *host, const struct nodes *nodes, struct holders *h)
{
	struct opendevices o = { 0 };

	opendevices_read(host, &o);
	holders_of(host, &o, nodes, h);
}

static void finds_holders_by_device_number(void **state)
{
	struct host host = tree_host();
	struct nodes nodes = some_nodes();
	struct holders h = { 0 };

	(void)state;
	proc_stat(42, "Xorg", 'S', 1, 4711);
	tree_file("proc/42/comm", "Xorg\n");
	tree_file("proc/42/cgroup", "0::/system.slice/gdm.service\n");
	proc_fd(42, 0, "/dev/null");
	proc_fd(42, 3, "/dev/full");
	proc_fd(42, 4, "/dev/full");
	proc_fd(42, 5, "/dev/zero");
	proc_fd(42, 6, "socket:[4711]");
	proc_fd(43, 0, "/dev/null");
	tree_folder("proc/44");
	tree_folder("proc/sys");
	holders_find(&host, &nodes, &h);
	assert_int_equal(h.n, 2);
	for (size_t i = 0; i < h.n; i++) {
		assert_int_equal(h.v[i].process.pid, 42);
		assert_int_equal(h.v[i].process.start, 4711);
		assert_text(h.v[i].command, "Xorg");
		assert_text(h.v[i].unit, "gdm.service");
	}
	assert_ptr_not_equal(h.v[0].node, h.v[1].node);
}

static void a_block_device_is_another(void **state)
{
	struct host host = tree_host();
	struct nodes nodes = some_nodes(), none = { 0 };
	struct holders h = { 0 };

	(void)state;
	proc_fd(42, 3, "/dev/full");
	holders_find(&host, &none, &h);
	assert_int_equal(h.n, 0);
	nodes.v[0].block = true;
	holders_find(&host, &nodes, &h);
	nodes.v[0].block = false;
	assert_int_equal(h.n, 0);
	holders_find(&host, &nodes, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].process.pid, 42);
	assert_text(h.v[0].command, "a process");
	assert_text(h.v[0].unit, NULL);
	assert_text(h.v[0].node->name, "full");
}

static const struct holder *holder_of(const struct holders *h, pid_t pid)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].process.pid == pid)
			return &h->v[i];
	return NULL;
}

static struct holders real_holders(void)
{
	struct host real = { &arena, { .prefix = "" } };
	struct nodes nodes = some_nodes();
	struct holders h = { 0 };

	holders_find(&real, &nodes, &h);
	return h;
}

static void *wait_for_the_end(void *data)
{
	for (;;)
		pause();
	return data;
}

/* A child with /dev/full open; threads: whose first thread ends before another. */
static pid_t holding_child(bool threads)
{
	pid_t pid = fork();
	pthread_t thread;
	int fd;

	if (pid)
		return pid;
	fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		_exit(1);
	if (threads && pthread_create(&thread, NULL, wait_for_the_end, NULL) == 0)
		pthread_exit(NULL);
	wait_for_the_end(NULL);
	_exit(0);
}

static void finds_a_real_child(void **state)
{
	const bool *threads = *state;
	pid_t pid = holding_child(*threads);
	int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	const struct holder *found = NULL;

	for (int i = 0; i < 60000 && !found; i++) {
		struct holders h = real_holders();

		poll(NULL, 0, 10);
		assert_null(holder_of(&h, getpid()));
		/* not at once: its first thread is to have ended by then */
		found = i > 10 ? holder_of(&h, pid) : NULL;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	assert_non_null(found);
	assert_true(found->process.start > 0);
	assert_text(found->node->name, "full");
}

/* The number of a disk that nobody has; the node of it may be opened by O_PATH all the same. */
#define DISK makedev(4001, 77)

static pid_t child_with_disk(const char *node, bool and_child)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	setpgid(0, and_child ? 0 : getppid());
	fd = open(node, O_PATH | O_CLOEXEC);
	if (fd < 0)
		_exit(1);
	if (and_child)
		child_with_disk(node, false);
	wait_for_the_end(NULL);
	_exit(0);
}

/* Between its fork and its first calls a child of ours has the disks open that we have claimed. */
static void passes_over_what_our_children_have_of_us(void **state)
{
	struct node disk = { .name = "disk", .dev = DISK, .block = true };
	struct nodes nodes = { .v = &disk, .n = 1 };
	struct host real = { &arena, { .prefix = "" } };
	struct holders h = { 0 };
	const char *node = tree_path("disk");
	pid_t pid;

	(void)state;
	if (mknod(node, S_IFBLK | 0600, DISK) < 0)
		skip();
	pid = child_with_disk(node, true);
	for (int i = 0; i < 60000 && !h.n; i++) {
		poll(NULL, 0, 10);
		holders_find(&real, &nodes, &h);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(h.n, 1);
	assert_int_not_equal(h.v[0].process.pid, pid);
}

/* Without CAP_SYS_PTRACE root is as blind as in a confined hook. false: it could see anyway. */
static bool become_blind(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];
	const uint32_t bit = 1u << CAP_SYS_PTRACE;

	if (geteuid() != 0 || syscall(SYS_capget, &header, sets) < 0 || !(sets[0].effective & bit))
		return false;
	sets[0].effective &= ~bit;
	sets[0].permitted &= ~bit;
	return syscall(SYS_capset, &header, sets) == 0;
}

static int who_is_hidden_from_a_child(pid_t self)
{
	struct holders h;

	if (!become_blind())
		return 77;
	h = real_holders();
	for (size_t i = 0; i < h.n_hidden; i++)
		if (h.hidden[i].process.pid == self)
			return h.hidden[i].command && !h.hidden[i].node ? 0 : 1;
	return 2;
}

static void tells_of_whom_it_cannot_see(void **state)
{
	pid_t self = getpid(), pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0)
		_exit(who_is_hidden_from_a_child(self));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const bool no = false, yes = true;

	TREE_TEST("holders are found by device number", finds_holders_by_device_number);
	TREE_TEST("a block device is another than a character device", a_block_device_is_another);
	unit_add("a child that holds a device, not ourselves", finds_a_real_child, &no);
	unit_add("a child whose first thread has ended", finds_a_real_child, &yes);
	TREE_TEST("a child of ours that has a disk is passed over, its own child is not",
		  passes_over_what_our_children_have_of_us);
	TREE_TEST("root is told of processes that it cannot see into", tells_of_whom_it_cannot_see);
	return unit_run("holders");
}
