/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/process.h"
#include "host/process/vmprocess.h"

#include <poll.h>

#include "proctree.h"
#include "str.h"

#define UUID "2f0a3c1e-8d44-4b5f-9a6b-0c1d2e3f4a5b"

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
	struct host host = tree_host();
	struct process p;

	proc_stat(42, row->command, row->state, row->threads, 4711);
	p = process_now(&host, 42);
	assert_int_equal(p.pid, row->start ? 42 : 0);
	assert_int_equal(p.start, row->start);
}

static void knows_a_process_again(void **state)
{
	struct host host = tree_host();
	struct process p, none = { 0 };

	(void)state;
	proc_stat(42, "qemu", 'S', 1, 100);
	p = process_now(&host, 42);
	assert_true(process_lives(&host, p));
	proc_stat(42, "another", 'S', 1, 200);
	assert_false(process_lives(&host, p));
	assert_false(process_lives(&host, none));
	assert_int_equal(process_now(&host, 43).pid, 0);
	tree_file("proc/44/stat", "44 (cut");
	assert_int_equal(process_now(&host, 44).pid, 0);
}

static void real_processes_are_of_this_machine(void **state)
{
	struct host host = tree_host();
	struct process self = process_real(&arena, getpid());

	(void)state;
	assert_int_equal(self.pid, getpid());
	assert_true(process_real_lives(&arena, self));
	assert_false(process_lives(&host, self));
}

/* Whatever the fractions of a second are that the two clocks are at. */
static void since_when_stays_the_same(void **state)
{
	struct process self = process_real(&arena, getpid());
	const char *since = process_since(&arena, self);

	(void)state;
	for (int i = 0; i < 110; i++) {
		assert_text(process_since(&arena, self), since);
		poll(NULL, 0, 10);
	}
}

static const struct unit_row {
	const char *name, *cgroup, *unit;
} unit_rows[] = {
	{ "a service", "0::/system.slice/nvidia-persistenced.service\n",
	  "nvidia-persistenced.service" },
	{ "an application of a user",
	  "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope\n",
	  "user@1000.service" },
	{ "a session of a user", "0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope" },
	{ "a service in a container", "0::/machine.slice/libpod-1a.scope/container/system.slice/ollama.service\n",
	  "libpod-1a.scope" },
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
	struct host host = tree_host();

	tree_file("proc/42/cgroup", row->cgroup);
	assert_text(process_unit(&host, 42), row->unit);
}

static void tells_the_command_and_the_boot(void **state)
{
	struct host host = tree_host();

	(void)state;
	assert_text(process_boot_id(&host), "");
	tree_file("proc/sys/kernel/random/boot_id", "0b5c\n");
	assert_text(process_boot_id(&host), "0b5c");
	tree_file("proc/42/comm", "Xorg main\n");
	assert_text(process_command(&host, 42), "Xorg main");
	assert_text(process_command(&host, 43), NULL);
	assert_text(process_unit(&host, 43), NULL);
}

/* Which command lines are of a domain? */

/* The VM's user is not known. */
static const struct vm_user nobody;

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
	{ "in -smbios, without -uuid", WORDS("kvm\0-smbios\0type=1,uuid=" UUID), true },
	{ "in the last -smbios", WORDS("kvm\0-smbios\0type=1,uuid=x\0-smbios\0uuid=" UUID ",type=1"),
	  true },
	{ "not in one before the last", WORDS("kvm\0-smbios\0type=1,uuid=" UUID
					      "\0-smbios\0type=1,uuid=x"), false },
	{ "in -smbios of another type", WORDS("kvm\0-smbios\0type=2,uuid=" UUID), false },
	{ "in -smbios, but -uuid has another", WORDS("kvm\0-smbios\0type=1,uuid=" UUID "\0-uuid\0x"),
	  false },
	{ "a kernel thread", "", 0, false },
};

static void finds_a_domain(void **state)
{
	const struct uuid_row *row = *state;
	struct host host = tree_host();

	proc_stat(42, "qemu-system-x86", 'S', 1, 4711);
	tree_file("proc/42/comm", "qemu-system-x86\n");
	tree_bytes("proc/42/cmdline", row->words, row->len, 0644);
	proc_status(42, "0\t0\t0\t0", "42");
	tree_file("proc/7/cmdline", "");
	tree_folder("proc/irq");
	assert_int_equal(process_has_uuid(&host, 42, UUID), row->want);
	assert_int_equal(process_of_uuid(&host, UUID, nobody).pid, row->want ? 42 : 0);
	assert_int_equal(process_of_uuid(&host, UUID, nobody).start, row->want ? 4711 : 0);
	assert_false(process_has_uuid(&host, 99, UUID));
}

#define ROOT "0\t0\t0\t0"
#define QEMU "64055\t64055\t64055\t64055"
#define SCOPE "0::/machine.slice/machine-qemu\\x2d3\\x2dweb.scope/libvirt/emulator\n"
#define SERVICE "0::/system.slice/x.service\n"
#define LOGIN "0::/user.slice/user-1000.slice/session-2.scope\n"
#define NAME "qemu-system-x86\n"

static const struct owner_row {
	const char *name, *comm, *uids, *cgroup, *exe;
	const char *login, *pids;
	bool unknown, known; /* is it the VM, if its user is not known, and if that is 64055? */
} owner_rows[] = {
	{ "root's", NAME, ROOT, SERVICE, .unknown = true, .known = true },
	{ "root's, after a login", NAME, ROOT, LOGIN, .login = "1000", .unknown = true, .known = true },
	{ "root's, of no control group (Proxmox)", "kvm\n", ROOT, "0::/qemu.slice/101.scope\n",
	  .unknown = true, .known = true },
	{ "a setuid program of a user", NAME, "1000\t0\t0\t0", LOGIN },
	{ "a setuid program of a daemon", NAME, "33\t0\t0\t0", SERVICE, .login = "4294967295" },
	{ "one that gave its rights up for now", NAME, "0\t64055\t0\t64055", SCOPE },
	{ "one whose saved user is another", NAME, "64055\t64055\t0\t64055", SCOPE },
	{ "one whose file system's user is another", NAME, "0\t0\t0\t1000", SERVICE },
	{ "root's in a container", NAME, ROOT, SERVICE, .pids = "42\t7" },
	{ "the VM's user's in a container", NAME, QEMU, SCOPE, "qemu-kvm", .pids = "42\t7" },
	{ "libvirt's, by systemd", NAME, QEMU, SCOPE, .unknown = true, .known = true },
	{ "libvirt's, in a slice of its own", NAME, QEMU,
	  "0::/site.slice/site-a.slice/machine-qemu\\x2d1\\x2da.scope\n", .unknown = true, .known = true },
	{ "libvirt's, without systemd", NAME, QEMU, "0::/machine/qemu-3-web.libvirt-qemu/emulator\n",
	  .unknown = true, .known = true },
	{ "libvirt's, cgroups v1", NAME, QEMU,
	  "9:name=systemd:/system.slice/libvirtd.service\n5:devices:/machine/qemu-1-w.libvirt-qemu\n",
	  .unknown = true, .known = true },
	{ "libvirt's, in a container of podman's", NAME, QEMU,
	  "0::/system.slice/nova.service/libpod-1/machine/qemu-1-w.libvirt-qemu\n", .known = true },
	{ "libvirt's, where the daemon was started after a login", NAME, QEMU, SCOPE, .login = "1000",
	  .unknown = true, .known = true },
	{ "another user's in a control group of libvirt's", NAME, "1001\t1001\t1001\t1001", SCOPE,
	  .unknown = true },
	{ "another user's, who made one of that name", NAME, "1001\t1001\t1001\t1001",
	  "0::/user.slice/user-1001.slice/user@1001.service/machine-qemu\\x2d1.scope\n" },
	{ "a container of LXC", NAME, QEMU, "0::/machine.slice/machine-lxc\\x2d1\\x2da.scope\n" },
	{ "the VM's user's, in no control group", NAME, QEMU, SERVICE, "qemu-system-x86_64", .known = true },
	{ "the same, after an upgrade", NAME, QEMU, SERVICE, "qemu-kvm (deleted)", .known = true },
	{ "the same, with a name of its own", "web\n", QEMU, SERVICE, "qemu-kvm", .known = true },
	{ "the wrapper, before it becomes one", "kvmshim-wrapper\n", QEMU, SERVICE, "kvmshim-wrapper",
	  .known = true },
	{ "the VM's user's, of another program", NAME, QEMU, SERVICE, "python3" },
	{ "the VM's user's, of no program that is known", NAME, QEMU, SERVICE },
	{ "another user's emulator", NAME, "1000\t1000\t1000\t1000", LOGIN, "qemu-system-x86_64" },
	{ "kvmshim, asked to explain a command line", "kvmshim\n", ROOT, SERVICE },
	{ "the hook", "kvmshim-hook\n", ROOT, SERVICE },
	{ "an emulator of that name", "kvmshim-qemu\n", QEMU, SCOPE, .unknown = true, .known = true },
	{ "another program with those words", "virt-install\n", ROOT, SERVICE },
	{ "a program without a name", NULL, ROOT, SERVICE },
	{ "one without a status", NAME, NULL, SERVICE },
};

static void make_process(const struct owner_row *row)
{
	static const char words[] = "qemu\0-uuid\0" UUID;

	proc_stat(42, "x", 'S', 1, 4711);
	tree_bytes("proc/42/cmdline", words, sizeof(words), 0644);
	tree_file("proc/42/cgroup", row->cgroup);
	if (row->uids)
		proc_status(42, row->uids, row->pids ? row->pids : "42");
	if (row->comm)
		tree_file("proc/42/comm", row->comm);
	if (row->login)
		tree_file("proc/42/loginuid", row->login);
	if (!row->exe)
		return;
	tree_bytes(row->exe, "x", 1, 0755);
	tree_link("proc/42/exe", tree_path(row->exe));
}

static void whose_domain_it_is(void **state)
{
	const struct owner_row *row = *state;
	struct host host = tree_host();

	if (geteuid() != 0)
		skip();
	make_process(row);
	assert_int_equal(process_of_uuid(&host, UUID, nobody).pid, row->unknown ? 42 : 0);
	assert_int_equal(process_of_uuid(&host, UUID, (struct vm_user){ true, 64055 }).pid,
			 row->known ? 42 : 0);
}

/* What anybody could have put there, or could change. */
static void whose_emulator_it_is(void **state)
{
	static const struct owner_row row = { "", NAME, QEMU, SERVICE, "qemu-system-x86_64" };
	struct host host = tree_host();
	struct vm_user user = { true, 64055 };
	const char *exe = tree_path(row.exe);

	(void)state;
	if (geteuid() != 0)
		skip();
	make_process(&row);
	assert_int_equal(process_of_uuid(&host, UUID, user).pid, 42);
	for (mode_t mode = 04755; mode; mode = mode == 04755 ? 02755 : mode == 02755 ? 0775 :
					 mode == 0775	? 0757 : 0) {
		assert_int_equal(chmod(exe, mode), 0);
		assert_int_equal(process_of_uuid(&host, UUID, user).pid, 0);
	}
	assert_int_equal(chmod(exe, 0755), 0);
	assert_int_equal(chown(exe, 64055, 0), 0);
	assert_int_equal(process_of_uuid(&host, UUID, user).pid, 0);
}

static void by_the_pid_file(void **state)
{
	static const struct owner_row row = { "", NAME, QEMU, SERVICE };
	struct host host = tree_host();

	(void)state;
	make_process(&row);
	assert_int_equal(process_of_domain(&host, "web", UUID, nobody).pid, 0);
	tree_file("run/libvirt/qemu/web.pid", "42\n");
	assert_int_equal(process_of_domain(&host, "web", UUID, nobody).pid, 42);
	tree_file("run/libvirt/qemu/web.pid", "43\n");
	assert_int_equal(process_of_domain(&host, "web", UUID, nobody).pid, 0);
}

static void a_long_command_line(void **state)
{
	struct host host = tree_host();
	size_t len = 300 * 1024;
	char *words = arena_alloc(&arena, len);

	(void)state;
	memset(words, 'x', len);
	tree_bytes("proc/42/cmdline", words, len, 0644);
	assert_false(process_has_uuid(&host, 42, UUID));
	memcpy(words, "qemu\0-uuid\0" UUID, sizeof("qemu\0-uuid\0" UUID));
	tree_bytes("proc/42/cmdline", words, len, 0644);
	assert_true(process_has_uuid(&host, 42, UUID));
}

static void finds_all_domains_in_one_pass(void **state)
{
	static const char one[] = "qemu\0-uuid\0ONE", two[] = "qemu\0-uuid\0TWO\0-uuid\0ONE";
	struct host host = tree_host();
	struct uuid_processes found = { 0 };

	(void)state;
	for (int pid = 42; pid < 45; pid++) {
		proc_stat(pid, "qemu-system-x86", pid == 43 ? 'Z' : 'S', 1, pid);
		tree_file(arena_printf(&arena, "proc/%d/comm", pid), "qemu-system-x86\n");
		proc_status(pid, ROOT, "7");
	}
	tree_bytes("proc/42/cmdline", one, sizeof(one), 0644);
	tree_bytes("proc/43/cmdline", two, sizeof(two), 0644);
	assert_int_equal(process_of_uuid(&host, "two", nobody).pid, 0); /* a zombie */
	tree_bytes("proc/44/cmdline", two, sizeof(two), 0644);
	process_uuids(&host, &found);
	assert_int_equal(found.n, 3);
	assert_int_equal(process_with_uuid(&found, "two", nobody).pid, 44);
	assert_int_equal(process_with_uuid(&found, "two", nobody).start, 44);
	assert_int_not_equal(process_with_uuid(&found, "one", nobody).pid, 0);
	assert_int_equal(process_with_uuid(&found, "three", nobody).pid, 0);
}

int main(void)
{
	TREE_ROWS(now_rows, tells_who_a_process_is);
	TREE_TEST("a process is known again by its start time", knows_a_process_again);
	TREE_TEST("our own processes are of this machine", real_processes_are_of_this_machine);
	TREE_TEST("since when a process runs stays the same", since_when_stays_the_same);
	TREE_ROWS(unit_rows, tells_the_unit);
	TREE_TEST("the command of a process, the boot", tells_the_command_and_the_boot);
	TREE_ROWS(uuid_rows, finds_a_domain);
	TREE_ROWS(owner_rows, whose_domain_it_is);
	TREE_TEST("an emulator is root's, and runs as who starts it", whose_emulator_it_is);
	TREE_TEST("libvirt's pid file names it", by_the_pid_file);
	TREE_TEST("all domains are found in one pass", finds_all_domains_in_one_pass);
	TREE_TEST("of a long command line 128 KiB", a_long_command_line);
	return unit_run("process");
}
