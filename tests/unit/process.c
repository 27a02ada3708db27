/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process.h"

#include <sys/wait.h>

#include "str.h"
#include "tree.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define BIG "4C4C4544-0031-3310-8047-B3C04F4A3532"

/* What stands behind the name and the state, up to the start time, of a real one. */
#define MIDDLE " 1 4242 4242 0 -1 4194560 31337 0 12 0 345 67 0 0 20 0 9 0 "
#define BEHIND " 7340032000 90210 18446744073709551615 1 1 0 0 0 0 0 4096 16963 0 0 0 17 1 0 0\n"

static void stat_of(int pid, const char *name, char state, const char *start)
{
	tree_file(arena_printf(&arena, "proc/%d/stat", pid),
		  arena_printf(&arena, "%d (%s) %c" MIDDLE "%s" BEHIND, pid, name, state, start));
}

/* --- who */

static const struct stat_row {
	const char *name, *comm;
	char state;
	const char *start;
	bool lives;
} stat_rows[] = {
	{ "a process", "qemu-system-x86", 'S', "987654321", true },
	{ "a name with blanks", "CPU 0/KVM x", 'R', "987654321", true },
	{ "a name with parentheses", "(sd-pam)", 'S', "987654321", true },
	{ "a name that looks like what follows it", "a) Z 1 (b", 'S', "987654321", true },
	{ "one that hangs in the kernel", "sh", 'D', "987654321", true },
	{ "a zombie is none", "sh", 'Z', "987654321", false },
	{ "nor is what is just going", "sh", 'X', "987654321", false },
	{ "another one's start is another's", "sh", 'S', "987654322", false },
	{ "a start that fits in 64 bits only", "sh", 'S', "987654321012345", false },
};

static void knows_a_process(void **state)
{
	const struct stat_row *row = *state;
	struct root root = tree_root();
	struct process p = { 4242, 987654321 };

	stat_of(4242, row->comm, row->state, row->start);
	assert_int_equal(process_lives(&arena, &root, p), row->lives);
	if (row->state != 'Z' && row->state != 'X')
		assert_true(process_now(&arena, &root, 4242).start ==
			    strtoull(row->start, NULL, 10));
}

static void no_such_process(void **state)
{
	struct root root = tree_root();

	(void)state;
	tree_file("proc/7/stat", "");
	tree_file("proc/8/stat", "8 (sh) S 1 2\n");
	for (int pid = -1; pid < 10; pid++)
		assert_int_equal(process_now(&arena, &root, pid).pid, 0);
	assert_false(process_lives(&arena, &root, (struct process){ 0 }));
}

/* The numbers of the real /proc, whatever the root is. */
static void a_child_of_our_own(void **state)
{
	struct process self = process_real(&arena, getpid()), child;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_true(process_real_lives(&arena, self));
	self.start++;
	assert_false(process_real_lives(&arena, self));
	child = process_real(&arena, pid);
	waitpid(pid, NULL, 0);
	assert_false(process_real_lives(&arena, child));
}

/* --- what */

static const struct unit_row {
	const char *name, *cgroup, *want;
} unit_rows[] = {
	{ "a service", "0::/system.slice/libvirtd.service\n", "libvirtd.service" },
	{ "a VM", "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n",
	  "machine-qemu\\x2d1\\x2dweb.scope" },
	{ "an application of a user",
	  "0::/user.slice/user-1000.slice/user@1000.service/app.slice/pulseaudio.service\n",
	  "pulseaudio.service" },
	{ "a mount's", "0::/system.slice/srv.mount\n", "srv.mount" },
	{ "no unit", "0::/init\n", NULL },
	{ "the root", "0::/\n", NULL },
	{ "cgroup v1: systemd's line of all",
	  "12:pids:/user.slice/user-1000.slice/session-2.scope\n3:cpu,cpuacct:/\n"
	  "1:name=systemd:/system.slice/cron.service\n",
	  "cron.service" },
	{ "hybrid", "1:name=systemd:/system.slice/cron.service\n0::/system.slice/cron.service\n",
	  "cron.service" },
	{ "cgroup v1 without systemd", "12:pids:/a.scope\n", NULL },
	{ "nothing", "", NULL },
};

static void knows_its_unit(void **state)
{
	const struct unit_row *row = *state;
	struct root root = tree_root();

	tree_file("proc/42/cgroup", row->cgroup);
	assert_text(process_unit(&arena, &root, 42), row->want);
	assert_null(process_unit(&arena, &root, 43));
}

static void knows_its_name(void **state)
{
	struct root root = tree_root();

	(void)state;
	tree_file("proc/42/comm", "CPU 0/KVM\n");
	assert_text(process_command(&arena, &root, 42), "CPU 0/KVM");
	assert_null(process_command(&arena, &root, 43));
}

static void knows_the_boot(void **state)
{
	struct root root = tree_root();

	(void)state;
	assert_text(process_boot_id(&arena, &root), "");
	tree_file("proc/sys/kernel/random/boot_id", "0f1e2d3c-0031\n");
	assert_text(process_boot_id(&arena, &root), "0f1e2d3c-0031");
}

/* --- whose: a blank ends a word here */

static const struct uuid_row {
	const char *name, *line;
	bool has;
} uuid_rows[] = {
	{ "as libvirt writes it", "qemu -name guest=web -uuid " UUID " -S ", true },
	{ "with two dashes", "qemu --uuid " UUID " ", true },
	{ "in capitals", "qemu -uuid " BIG " ", true },
	{ "as the last word, which is not ended", "qemu -uuid " UUID, true },
	{ "as the second -uuid", "qemu -uuid none -uuid " UUID " ", true },
	{ "as the first words", "-uuid " UUID " ", true },
	{ "behind an empty word", "qemu  -uuid " UUID " ", true },
	{ "of another VM", "qemu -uuid 00000000-0031-3310-8047-b3c04f4a3532 ", false },
	{ "the start of a longer word", "qemu -uuid " UUID "0 ", false },
	{ "cut", "qemu -uuid 4c4c4544-0031-3310-8047-b3c04f4a353 ", false },
	{ "an option that ends alike", "qemu -smbios-uuid " UUID " ", false },
	{ "with three dashes", "qemu ---uuid " UUID " ", false },
	{ "an option that begins alike", "qemu -uuids " UUID " ", false },
	{ "without a value", "qemu -uuid", false },
	{ "without a value, ended", "qemu -uuid ", false },
	{ "as a word of another option", "qemu -smbios type=1,uuid=" UUID " ", false },
	{ "alone", "kvmshim recover " UUID " ", false },
	{ "nothing", "", false },
};

static void line_of(int pid, const char *line)
{
	size_t len = strlen(line);
	char *bytes = arena_strdup(&arena, line);

	for (char *p = bytes; (p = strchr(p, ' '));)
		*p++ = '\0';
	tree_bytes(arena_printf(&arena, "proc/%d/cmdline", pid), bytes, len, 0644);
	stat_of(pid, "x", 'S', "5");
}

static void finds_the_uuid(void **state)
{
	const struct uuid_row *row = *state;
	struct root root = tree_root();
	struct process p;

	line_of(1, "init ");
	line_of(42, row->line);
	tree_folder("proc/irq");
	tree_file("proc/uptime", "1 1\n");
	assert_int_equal(process_has_uuid(&arena, &root, 42, UUID), row->has);
	assert_false(process_has_uuid(&arena, &root, 1, UUID));
	assert_false(process_has_uuid(&arena, &root, 99, UUID));
	p = process_of_uuid(&arena, &root, UUID);
	assert_int_equal(p.pid, row->has ? 42 : 0);
	assert_true(p.start == (row->has ? 5 : 0));
}

/* Many disks make a long line; libvirt puts -uuid near its start. */
static void a_long_line(void **state)
{
	struct root root = tree_root();
	char *line = arena_alloc(&arena, 200001);

	(void)state;
	memset(line, 'x', 200000);
	memcpy(line, "qemu -uuid " UUID " ", strlen("qemu -uuid " UUID " "));
	line_of(42, line);
	assert_true(process_has_uuid(&arena, &root, 42, UUID));
}

/* The machine's own /proc, without a root. */
static void nobody_here_has_it(void **state)
{
	struct root real = { .prefix = "" };

	(void)state;
	assert_int_equal(process_of_uuid(&arena, &real, "no-uuid-at-all").pid, 0);
}

/* --- who has what open */

/* makedev(3) of small numbers, as a constant */
#define DEV(major, minor) ((major) << 8 | (minor))

static struct node nodes_v[] = {
	{ DEV(1, 3), false, "null" },
	{ DEV(1, 5), false, "zero" },
	{ DEV(1, 7), true, "a-disk-with-the-number-of-full" },
};
static const struct nodes nodes = { nodes_v, UNIT_COUNT(nodes_v), 0 };

static void has_open(int pid, int fd, const char *what)
{
	tree_folder(arena_printf(&arena, "proc/%d/fd", pid));
	tree_link(arena_printf(&arena, "proc/%d/fd/%d", pid, fd), what);
}

static void finds_holders(void **state)
{
	struct root root = tree_root();
	struct holders h = { 0 };
	const struct holder *qemu, *other;

	(void)state;
	stat_of(42, "qemu", 'S', "5");
	tree_file("proc/42/comm", "qemu\n");
	tree_file("proc/42/cgroup", "0::/machine.slice/web.scope\n");
	for (int fd = 0; fd < 3; fd++)
		has_open(42, fd, "/dev/null");
	has_open(42, 7, "/dev/zero");
	has_open(42, 8, "/dev/zero");
	has_open(43, 0, "/dev/full");
	has_open(43, 1, "/dev/none");
	has_open(43, 2, "socket:[1234]");
	has_open(44, 5, "/dev/zero");
	tree_folder("proc/irq/fd");
	tree_link("proc/irq/fd/0", "/dev/null");
	tree_folder("proc/45");
	holders_find(&arena, &root, &nodes, &h);
	assert_int_equal(h.n, 3);
	qemu = h.v[0].process.pid == 42 ? &h.v[0] : &h.v[1];
	other = h.v[0].process.pid == 42 ? &h.v[2] : &h.v[0];
	assert_int_equal(qemu[0].process.pid, 42);
	assert_int_equal(qemu[1].process.pid, 42);
	assert_true(qemu[0].node != qemu[1].node);
	assert_text(qemu->command, "qemu");
	assert_text(qemu->unit, "web.scope");
	assert_true(qemu->process.start == 5);
	assert_text(other->command, "a process"); /* it ended meanwhile */
	assert_text(other->node->name, "zero");
	assert_null(other->unit);
}

/* Of the machine's own processes: one that has a device open, and this one, which does not count. */
static void finds_a_real_holder(void **state)
{
	struct root real = { .prefix = "" };
	int ends[2], fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct nodes zero = { &nodes_v[1], 1, 0 };
	bool child = false, self = false;
	struct holders h = { 0 };
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		close(ends[1]);
		_exit(read(ends[0], &byte, 1) ? 1 : 0);
	}
	holders_find(&arena, &real, &zero, &h);
	close(ends[1]);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(fd);
	for (size_t i = 0; i < h.n; i++) {
		child |= h.v[i].process.pid == pid;
		self |= h.v[i].process.pid == getpid();
	}
	assert_true(child);
	assert_false(self);
}

static void no_processes(void **state)
{
	struct root root = tree_root();
	struct holders h = { 0 };

	(void)state;
	holders_find(&arena, &root, &nodes, &h);
	assert_int_equal(h.n, 0);
	assert_int_equal(process_of_uuid(&arena, &root, UUID).pid, 0);
}

int main(void)
{
	TREE_ROWS(stat_rows, knows_a_process);
	TREE_TEST("what is not there is pid 0", no_such_process);
	UNIT_TEST("a child that ended does not live", a_child_of_our_own);
	TREE_ROWS(unit_rows, knows_its_unit);
	TREE_TEST("a process's name is told", knows_its_name);
	TREE_TEST("the boot id is told", knows_the_boot);
	TREE_ROWS(uuid_rows, finds_the_uuid);
	TREE_TEST("a very long command line", a_long_line);
	UNIT_TEST("the machine's own processes are searched", nobody_here_has_it);
	TREE_TEST("holders are found by device numbers, once for each node", finds_holders);
	UNIT_TEST("a real holder is found, but not this process", finds_a_real_holder);
	TREE_TEST("without /proc there is nobody", no_processes);
	return unit_run("process");
}
