/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which daemon of libvirt runs QEMU on this host, and which unit has to be restarted. */
#include "host/process/daemon.h"
#include "host/unitfile.h"

#include "proctree.h"
#include "str.h"

#define BOTH "usr/sbin/libvirtd", "usr/sbin/virtqemud"
#define UNITS "usr/lib/systemd/system/libvirtd.service", "usr/lib/systemd/system/virtqemud.service"
#define SOCKETS "usr/lib/systemd/system/libvirtd.socket", "usr/lib/systemd/system/virtqemud.socket"
#define WANTS "etc/systemd/system/sockets.target.wants/"

static const struct row {
	const char *name, *found;
	const char *files[8]; /* "PATH", "PATH -> TARGET" or "NAME: PID" of a daemon that runs */
	int pid;
} rows[] = {
	{ "no libvirt", "none", { NULL } },
	{ "the monolith alone, which runs", "libvirtd", { "usr/sbin/libvirtd", "libvirtd: 42" }, 42 },
	{ "the modular one alone, which runs", "virtqemud", { "usr/sbin/virtqemud", "virtqemud: 42" }, 42 },
	{ "both are installed, the monolith runs", "libvirtd", { BOTH, UNITS, "libvirtd: 42" }, 42 },
	{ "both are installed, the modular one runs", "virtqemud", { BOTH, UNITS, "virtqemud: 42" }, 42 },
	{ "both run: clients take virtqemud's socket", "virtqemud",
	  { BOTH, "libvirtd: 42", "virtqemud: 43", "run/libvirt/libvirt-sock", "run/libvirt/virtqemud-sock" }, 43 },
	{ "both run, and virtqemud has no socket", "libvirtd",
	  { BOTH, "libvirtd: 42", "virtqemud: 43", "run/libvirt/libvirt-sock" }, 42 },
	{ "the pid file of virtqemud is old", "libvirtd", { BOTH, "run/virtqemud.pid", "libvirtd: 42" }, 42 },
	{ "it waits: only its socket is active", "virtqemud", { BOTH, UNITS, "run/libvirt/virtqemud-sock" } },
	{ "a socket of a package that is gone", "libvirtd", { "usr/sbin/libvirtd", "run/libvirt/virtqemud-sock" } },
	{ "units of a package that is gone", "virtqemud",
	  { "usr/sbin/virtqemud", "usr/lib/systemd/system/libvirtd.service", WANTS "libvirtd.socket -> x" } },
	{ "the socket of the monolith is active", "libvirtd",
	  { BOTH, UNITS, "run/libvirt/libvirt-sock", WANTS "virtqemud.socket -> x" } },
	{ "virtproxyd has the monolith's socket, and virtqemud its own", "virtqemud",
	  { BOTH, UNITS, "run/libvirt/libvirt-sock", "run/libvirt/virtqemud-sock" } },
	{ "no daemon runs, the socket of virtqemud is enabled", "virtqemud",
	  { BOTH, UNITS, SOCKETS, WANTS "virtqemud.socket -> /usr/lib/systemd/system/virtqemud.socket" } },
	{ "no daemon runs, the service of the monolith is enabled", "libvirtd",
	  { BOTH, UNITS, SOCKETS, "etc/systemd/system/multi-user.target.wants/libvirtd.service -> x" } },
	{ "enabled by the distribution", "libvirtd",
	  { BOTH, UNITS, "usr/lib/systemd/system/multi-user.target.wants/libvirtd.service -> ../libvirtd.service" } },
	{ "enabled until the next boot", "libvirtd",
	  { BOTH, UNITS, "run/systemd/system/sockets.target.wants/libvirtd.socket -> x" } },
	{ "virtqemud is enabled, but masked", "libvirtd",
	  { BOTH, UNITS, WANTS "virtqemud.socket -> x", "etc/systemd/system/virtqemud.service -> /dev/null" } },
	{ "the monolith is masked", "virtqemud",
	  { BOTH, UNITS, "run/systemd/system/libvirtd.service -> /dev/null", "run/libvirt/libvirt-sock" } },
	{ "masked, but it still runs", "libvirtd",
	  { BOTH, UNITS, "etc/systemd/system/libvirtd.service -> /dev/null", "libvirtd: 42", "run/libvirt/libvirt-sock" }, 42 },
	{ "a unit of the admin's own", "virtqemud", { BOTH, "etc/systemd/system/virtqemud.service" } },
	{ "both, and nothing says which", "virtqemud", { BOTH, UNITS } },
	{ "programs without systemd", "virtqemud", { BOTH } },
	{ "the only one is masked", "virtqemud",
	  { "usr/sbin/virtqemud", "etc/systemd/system/virtqemud.service -> /dev/null" } },
};

static void runs(const char *name, int pid)
{
	tree_file(arena_printf(&arena, "run/%s.pid", name), arena_printf(&arena, "%d\n", pid));
	tree_file(arena_printf(&arena, "proc/%d/comm", pid), arena_printf(&arena, "%s\n", name));
	proc_stat(pid, name, 'S', 1, 500);
}

static void put(const char *file)
{
	const char *colon = strstr(file, ": "), *arrow = strstr(file, " -> ");
	const char *path = arrow ? arena_strndup(&arena, file, (size_t)(arrow - file)) : file;

	if (colon) {
		runs(arena_strndup(&arena, file, (size_t)(colon - file)), atoi(colon + 2));
		return;
	}
	tree_bytes(path, "99999\n", 6, 0755);
	if (!arrow)
		return;
	remove(tree_path(path));
	tree_link(path, arrow + 4);
}

static void finds_the_daemon(void **state)
{
	const struct row *row = *state;
	struct host host = tree_host();
	struct daemon d;

	for (size_t i = 0; i < 8 && row->files[i]; i++)
		put(row->files[i]);
	daemon_find(&host, &d);
	assert_text(d.name ? d.name : "none", row->found);
	assert_int_equal(d.process.pid, row->pid);
	if (d.name)
		assert_text(d.unit, arena_printf(&arena, "%s.service", row->found));
}

static const struct unit_row {
	const char *name, *comm, *cgroup, *unit;
} unit_rows[] = {
	{ "the service that it is in", "libvirtd\n", "0::/system.slice/libvirtd-qemu.service\n", "libvirtd-qemu.service" },
	{ "the modular one", "virtqemud\n", "0::/system.slice/virtqemud.service\n", "virtqemud.service" },
	{ "one that was started by hand", "virtqemud\n", "0::/user.slice/user-0.slice/session-3.scope\n", "virtqemud.service" },
	{ "one in a container", "libvirtd\n", "0::/machine.slice/libpod-1.scope\n", "libvirtd.service" },
	{ "another parent, such as a shell", "bash\n", "0::/user.slice/user-0.slice/session-3.scope\n", "virtqemud.service" },
	{ "none is known", NULL, NULL, "virtqemud.service" },
};

static void names_the_unit(void **state)
{
	const struct unit_row *row = *state;
	struct host host = tree_host();

	put("run/libvirt/virtqemud-sock");
	put("usr/sbin/virtqemud");
	if (row->comm)
		tree_file("proc/77/comm", row->comm);
	if (row->cgroup)
		tree_file("proc/77/cgroup", row->cgroup);
	assert_text(daemon_unit(&host, row->comm ? 77 : 0), row->unit);
}

static void names_none(void **state)
{
	struct host host = tree_host();

	(void)state;
	assert_null(daemon_unit(&host, 77));
}

/* --- files of units */

static const struct file_row {
	const char *name, *unit, *files[2];
	enum unitfile found;
} file_rows[] = {
	{ "no file", "a.service", { "usr/lib/systemd/system/b.service" }, UNITFILE_NONE },
	{ "of a package", "a.service", { "lib/systemd/system/a.service" }, UNITFILE_EXISTS },
	{ "of the admin", "a.service", { "etc/systemd/system/a.service" }, UNITFILE_EXISTS },
	{ "of a generator", "a.mount", { "run/systemd/generator/a.mount" }, UNITFILE_EXISTS },
	{ "another name of it", "a.service", { "etc/systemd/system/a.service -> /usr/lib/systemd/system/b.service" }, UNITFILE_EXISTS },
	{ "masked by a link", "a.service",
	  { "usr/lib/systemd/system/a.service", "etc/systemd/system/a.service -> /dev/null" }, UNITFILE_MASKED },
	{ "an instance", "a@b.service", { "usr/lib/systemd/system/a@.service" }, UNITFILE_EXISTS },
	{ "an instance with an at in its name", "a@b@c.service", { "usr/lib/systemd/system/a@.service" }, UNITFILE_EXISTS },
	{ "an instance with a file of its own", "a@b.service",
	  { "usr/lib/systemd/system/a@.service", "run/systemd/system/a@b.service -> /dev/null" }, UNITFILE_MASKED },
	{ "only a drop-in", "a.service", { "etc/systemd/system/a.service.d/x.conf" }, UNITFILE_NONE },
};

static void finds_the_file(void **state)
{
	const struct file_row *row = *state;
	struct host host = tree_host();

	for (size_t i = 0; i < 2 && row->files[i]; i++)
		put(row->files[i]);
	assert_int_equal(unitfile_find(&host, row->unit), row->found);
}

static void an_empty_file_masks(void **state)
{
	struct host host = tree_host();

	(void)state;
	tree_file("etc/systemd/system/a.service", "");
	assert_int_equal(unitfile_find(&host, "a.service"), UNITFILE_MASKED);
}

int main(void)
{
	TREE_ROWS(rows, finds_the_daemon);
	TREE_ROWS(unit_rows, names_the_unit);
	TREE_TEST("no unit where there is no libvirt", names_none);
	TREE_ROWS(file_rows, finds_the_file);
	TREE_TEST("an empty file masks a unit", an_empty_file_masks);
	return unit_run("daemon");
}
