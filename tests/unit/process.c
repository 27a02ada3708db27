/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/holders.h"

#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "str.h"
#include "tree.h"

#define UUID "2f0a3c1e-8d44-4b5f-9a6b-0c1d2e3f4a5b"

/* /proc/PID/stat of a process with that name and state, as many threads, that start time. */
static void stat_of(int pid, const char *name, char state, int threads, int start)
{
	tree_file(arena_printf(&arena, "proc/%d/stat", pid),
		  arena_printf(&arena,
			       "%d (%s) %c 1 %d %d 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 %d 0 %d 10 20 "
			       "18446744073709551615 1 2\n",
			       pid, name, state, pid, pid, threads, start));
}

static const struct now_row {
	const char *name, *command;
	char state;
	int threads;
	unsigned long long start;
} now_rows[] = {
	{ "a process", "qemu-system-x86", 'S', 8, 4711 },
	{ "a name with blanks and parentheses", "a) S 1 (b) R 2", 'D', 1, 4711 },
	{ "a zombie is none", "qemu-system-x86", 'Z', 1, 0 },
	{ "one whose other threads still run is", "qemu-system-x86", 'Z', 3, 4711 },
	{ "a dead one is none", "qemu-system-x86", 'X', 1, 0 },
};

static void tells_who_a_process_is(void **state)
{
	const struct now_row *row = *state;
	struct root root = tree_root();
	struct process p;

	stat_of(42, row->command, row->state, row->threads, 4711);
	p = process_now(&arena, &root, 42);
	assert_int_equal(p.pid, row->start ? 42 : 0);
	assert_int_equal(p.start, row->start);
}

static void knows_a_process_again(void **state)
{
	struct root root = tree_root();
	struct process p, none = { 0 };

	(void)state;
	stat_of(42, "qemu", 'S', 1, 100);
	p = process_now(&arena, &root, 42);
	assert_true(process_lives(&arena, &root, p));
	stat_of(42, "another", 'S', 1, 200);
	assert_false(process_lives(&arena, &root, p));
	assert_false(process_lives(&arena, &root, none));
	assert_int_equal(process_now(&arena, &root, 43).pid, 0);
	tree_file("proc/44/stat", "44 (cut");
	assert_int_equal(process_now(&arena, &root, 44).pid, 0);
}

static void real_processes_are_of_this_machine(void **state)
{
	struct root root = tree_root();
	struct process self = process_real(&arena, getpid());

	(void)state;
	assert_int_equal(self.pid, getpid());
	assert_true(process_real_lives(&arena, self));
	assert_false(process_lives(&arena, &root, self));
}

static const struct unit_row {
	const char *name, *cgroup, *unit;
} unit_rows[] = {
	{ "a service", "0::/system.slice/nvidia-persistenced.service\n",
	  "nvidia-persistenced.service" },
	{ "an application of a user",
	  "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope\n",
	  "app-foo.scope" },
	{ "a VM", "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n",
	  "machine-qemu\\x2d1\\x2dvm.scope" },
	{ "cgroups v1", "5:devices:/x.service\n1:name=systemd:/system.slice/ssh.service\n",
	  "ssh.service" },
	{ "both", "1:name=systemd:/system.slice/ssh.service\n0::/system.slice/ssh.service\n",
	  "ssh.service" },
	{ "a slice is none", "0::/user.slice\n", NULL },
	{ "the root", "0::/\n", NULL },
	{ "another hierarchy", "10:cpu:/system.slice/ssh.service\n", NULL },
	{ "nothing that we know", "what\n", NULL },
};

static void tells_the_unit(void **state)
{
	const struct unit_row *row = *state;
	struct root root = tree_root();

	tree_file("proc/42/cgroup", row->cgroup);
	assert_text(process_unit(&arena, &root, 42), row->unit);
}

static void tells_the_command_and_the_boot(void **state)
{
	struct root root = tree_root();

	(void)state;
	assert_text(process_boot_id(&arena, &root), "");
	tree_file("proc/sys/kernel/random/boot_id", "0b5c\n");
	assert_text(process_boot_id(&arena, &root), "0b5c");
	tree_file("proc/42/comm", "Xorg main\n");
	assert_text(process_command(&arena, &root, 42), "Xorg main");
	assert_text(process_command(&arena, &root, 43), NULL);
	assert_text(process_unit(&arena, &root, 43), NULL);
}

/* Which command lines are of a domain? */

#define WORDS(s) (s), sizeof(s)

static const struct uuid_row {
	const char *name, *words;
	size_t len;
	bool want;
} uuid_rows[] = {
	{ "with one dash", WORDS("qemu\0-name\0vm\0-uuid\0" UUID "\0-S"), true },
	{ "with two dashes", WORDS("qemu\0--uuid\0" UUID), true },
	{ "in capitals", WORDS("qemu\0-uuid\0002F0A3C1E-8D44-4B5F-9A6B-0C1D2E3F4A5B"), true },
	{ "another one", WORDS("qemu\0-uuid\0003f0a3c1e-8d44-4b5f-9a6b-0c1d2e3f4a5b"), false },
	{ "the last of two", WORDS("qemu\0-uuid\0x\0-uuid\0" UUID), true },
	{ "something behind it", WORDS("qemu\0-uuid\0" UUID "x"), false },
	{ "no option before it", WORDS("qemu\0" UUID), false },
	{ "an option that ends alike", WORDS("qemu\0-no-uuid\0" UUID), false },
	{ "three dashes", WORDS("qemu\0---uuid\0" UUID), false },
	{ "as the last word", WORDS("qemu\0-uuid"), false },
	{ "in one word", WORDS("qemu\0-uuid=" UUID), false },
	{ "a kernel thread", "", 0, false },
};

static void finds_a_domain(void **state)
{
	const struct uuid_row *row = *state;
	struct root root = tree_root();

	stat_of(42, "qemu-system-x86", 'S', 1, 4711);
	tree_file("proc/42/comm", "qemu-system-x86\n");
	tree_bytes("proc/42/cmdline", row->words, row->len, 0644);
	tree_file("proc/7/cmdline", "");
	tree_folder("proc/irq");
	assert_int_equal(process_has_uuid(&arena, &root, 42, UUID), row->want);
	assert_int_equal(process_of_uuid(&arena, &root, UUID).pid, row->want ? 42 : 0);
	assert_int_equal(process_of_uuid(&arena, &root, UUID).start, row->want ? 4711 : 0);
	assert_false(process_has_uuid(&arena, &root, 99, UUID));
}

static const struct owner_row {
	const char *name, *comm, *login;
	uid_t owner;
	bool want;
} owner_rows[] = {
	{ "libvirt's, of a user of its own", "qemu-system-x86\n", "4294967295", 64055, true },
	{ "root's, of somebody who has logged in", "qemu-kvm\n", "1000", 0, true },
	{ "that of a user who has logged in", "qemu-system-x86\n", "1000", 1000, false },
	{ "where the kernel knows of no logins", "kvm\n", NULL, 64055, true },
	{ "the wrapper, before it becomes one", "kvmshim-wrapper\n", "4294967295", 64055, true },
	{ "another program with those words", "virt-install\n", "4294967295", 0, false },
	{ "a program without a name", NULL, NULL, 0, false },
};

static void whose_domain_it_is(void **state)
{
	static const char words[] = "qemu\0-uuid\0" UUID;
	const struct owner_row *row = *state;
	struct root root = tree_root();

	if (geteuid() != 0)
		skip();
	stat_of(42, "x", 'S', 1, 4711);
	tree_bytes("proc/42/cmdline", words, sizeof(words), 0644);
	if (row->comm)
		tree_file("proc/42/comm", row->comm);
	if (row->login)
		tree_file("proc/42/loginuid", row->login);
	assert_int_equal(chown(tree_path("proc/42"), row->owner, row->owner), 0);
	assert_int_equal(process_of_uuid(&arena, &root, UUID).pid, row->want ? 42 : 0);
}

static void a_long_command_line(void **state)
{
	struct root root = tree_root();
	size_t len = 300 * 1024;
	char *words = arena_alloc(&arena, len);

	(void)state;
	memset(words, 'x', len);
	tree_bytes("proc/42/cmdline", words, len, 0644);
	assert_false(process_has_uuid(&arena, &root, 42, UUID));
	memcpy(words, "qemu\0-uuid\0" UUID, sizeof("qemu\0-uuid\0" UUID));
	tree_bytes("proc/42/cmdline", words, len, 0644);
	assert_true(process_has_uuid(&arena, &root, 42, UUID));
}

static void finds_all_domains_in_one_pass(void **state)
{
	static const char one[] = "qemu\0-uuid\0ONE", two[] = "qemu\0-uuid\0TWO\0-uuid\0ONE";
	struct root root = tree_root();
	struct uuid_processes found = { 0 };

	(void)state;
	for (int pid = 42; pid < 45; pid++) {
		stat_of(pid, "qemu-system-x86", pid == 43 ? 'Z' : 'S', 1, pid);
		tree_file(arena_printf(&arena, "proc/%d/comm", pid), "qemu-system-x86\n");
	}
	tree_bytes("proc/42/cmdline", one, sizeof(one), 0644);
	tree_bytes("proc/43/cmdline", two, sizeof(two), 0644);
	assert_int_equal(process_of_uuid(&arena, &root, "two").pid, 0); /* a zombie */
	tree_bytes("proc/44/cmdline", two, sizeof(two), 0644);
	process_uuids(&arena, &root, &found);
	assert_int_equal(found.n, 3);
	assert_int_equal(process_with_uuid(&found, "two").pid, 44);
	assert_int_equal(process_with_uuid(&found, "two").start, 44);
	assert_int_not_equal(process_with_uuid(&found, "one").pid, 0);
	assert_int_equal(process_with_uuid(&found, "three").pid, 0);
}

/* Who has a device open? */

static struct node nodes_v[] = { { .name = "full" }, { .name = "zero" } };

static struct nodes some_nodes(void)
{
	nodes_v[0].dev = makedev(1, 7);
	nodes_v[1].dev = makedev(1, 5);
	return (struct nodes){ .v = nodes_v, .n = UNIT_COUNT(nodes_v) };
}

static void open_file(int pid, int fd, const char *to)
{
	tree_folder(arena_printf(&arena, "proc/%d/fd", pid));
	tree_link(arena_printf(&arena, "proc/%d/fd/%d", pid, fd), to);
}

static void holders_find(struct arena *a, const struct root *r, const struct nodes *nodes,
			 struct holders *h)
{
	struct opens o = { 0 };

	opens_read(a, r, &o);
	holders_of(a, r, &o, nodes, h);
}

static void finds_holders_by_device_number(void **state)
{
	struct root root = tree_root();
	struct nodes nodes = some_nodes();
	struct holders h = { 0 };

	(void)state;
	stat_of(42, "Xorg", 'S', 1, 4711);
	tree_file("proc/42/comm", "Xorg\n");
	tree_file("proc/42/cgroup", "0::/system.slice/gdm.service\n");
	open_file(42, 0, "/dev/null");
	open_file(42, 3, "/dev/full");
	open_file(42, 4, "/dev/full");
	open_file(42, 5, "/dev/zero");
	open_file(42, 6, "socket:[4711]");
	open_file(43, 0, "/dev/null");
	tree_folder("proc/44");
	tree_folder("proc/sys");
	holders_find(&arena, &root, &nodes, &h);
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
	struct root root = tree_root();
	struct nodes nodes = some_nodes(), none = { 0 };
	struct holders h = { 0 };

	(void)state;
	open_file(42, 3, "/dev/full");
	holders_find(&arena, &root, &none, &h);
	assert_int_equal(h.n, 0);
	nodes.v[0].block = true;
	holders_find(&arena, &root, &nodes, &h);
	nodes.v[0].block = false;
	assert_int_equal(h.n, 0);
	holders_find(&arena, &root, &nodes, &h);
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
	struct root real = { .prefix = "" };
	struct nodes nodes = some_nodes();
	struct holders h = { 0 };

	holders_find(&arena, &real, &nodes, &h);
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

	for (int i = 0; i < 200 && !found; i++) {
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

/* Without CAP_SYS_PTRACE root is as blind as in a confined hook. false: it could see anyway. */
static bool become_blind(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];
	const uint32_t bit = 1u << CAP_SYS_PTRACE;

	if (geteuid() != 0 || syscall(SYS_capget, &header, sets) < 0 ||
	    !(sets[0].effective & bit))
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

	TREE_ROWS(now_rows, tells_who_a_process_is);
	TREE_TEST("a process is known again by its start time", knows_a_process_again);
	TREE_TEST("our own processes are of this machine", real_processes_are_of_this_machine);
	TREE_ROWS(unit_rows, tells_the_unit);
	TREE_TEST("the command of a process, the boot", tells_the_command_and_the_boot);
	TREE_ROWS(uuid_rows, finds_a_domain);
	TREE_ROWS(owner_rows, whose_domain_it_is);
	TREE_TEST("all domains are found in one pass", finds_all_domains_in_one_pass);
	TREE_TEST("of a long command line 128 KiB", a_long_command_line);
	TREE_TEST("holders are found by device number", finds_holders_by_device_number);
	TREE_TEST("a block device is another than a character device", a_block_device_is_another);
	unit_add("a child that holds a device, not ourselves", finds_a_real_child, &no);
	unit_add("a child whose first thread has ended", finds_a_real_child, &yes);
	TREE_TEST("root is told of processes that it cannot see into", tells_of_whom_it_cannot_see);
	return unit_run("process");
}
