/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the host that others write, or that a program of anybody is in: the first line of the
 * input names the file, the rest is in it. All readers of it are called. What is taken from it is
 * what its format allows.
 */
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "err.h"
#include "hooks/qemuconf.h"
#include "host/confinement.h"
#include "host/hugepages.h"
#include "host/modalias.h"
#include "host/modprobe.h"
#include "host/process/credentials.h"
#include "host/process/namespace.h"
#include "host/process/process.h"
#include "host/process/vmprocess.h"
#include "host/use/mounts.h"
#include "host/use/usesdisk.h"
#include "state.h"

#define RELEASE "6.1.0"
#define UUID STATE_UUID

static void plain(const char *text)
{
	must(!text || !strpbrk(text, "\n\033"), "a control byte in '%s'", text);
}

static void look_at_process(const struct host *host)
{
	struct process p = process_now(host, 7);
	const char *value, *unit = process_unit(host, 7);
	unsigned long long kib;

	must(p.pid == 0 || p.pid == 7, "process %ld", (long)p.pid);
	must(!p.pid || !process_has_ended(host, 7), "alive, and ended");
	must(!unit || (*unit && !strchr(unit, '/')), "the unit '%s'", unit);
	process_command(host, 7);
	process_named(host, "libvirtd");
	process_variable(host, 7, "KVMSHIM_ROOT", &value);
	must(!value || strlen(value) < 5000, "a long variable");
	process_kib(host, 7, "VmLck");
	process_memlock(host, 7, &kib);
	namespace_blindness(host);
	namespace_blindness_of(host, 7);
}

static void look_for_vms(const struct host *host)
{
	struct uuid_processes found = { 0 };
	struct vm_user user = { .known = true, .uid = 64055 };

	process_uuids(host, &found);
	for (size_t i = 0; i < found.n; i++) {
		must(found.v[i].process.pid == 7, "process %ld", (long)found.v[i].process.pid);
		must(found.v[i].uuid != NULL, "no UUID");
		must(!found.v[i].cgroup || found.v[i].cgroup_anywhere, "a cgroup that is none");
	}
	process_has_uuid(host, 7, UUID);
	process_of_uuid(host, UUID, user);
	process_of_domain(host, "vm", UUID, user);
}

static void look_at_disks(const struct host *host)
{
	struct mounts m = { 0 };

	mounts_read(host, &m);
	for (size_t i = 0; i < m.n; i++)
		must(m.v[i].device && m.v[i].where && m.v[i].type && m.v[i].source && m.v[i].options,
		     "mount %zu is not whole", i);
	uses_of_disk(host, "vda");
	uses_unclaimed(host, "vda");
}

static void look_at_modules(const struct host *host)
{
	struct modaliases aliases = { 0 };
	struct modprobe m = { 0 };
	struct strv modules = { 0 };

	modaliases_read(host, RELEASE, &aliases);
	must(aliases.any <= aliases.n, "%zu of %zu", aliases.any, aliases.n);
	for (size_t i = 0; i < aliases.n; i++)
		must(*aliases.v[i].module && !strchr(aliases.v[i].module, '\n'), "the module '%s'",
		     aliases.v[i].module);
	modaliases_find(host->arena, &aliases, "pci:v000010DEd00001B06sv00001043sd000085E4bc03sc00i00",
			&modules);
	modprobe_read(host, &m);
	for (size_t i = 0; i < m.n; i++)
		must(m.v[i].words.n > 0, "a line without words");
	modprobe_option(&m, "vfio-pci", "ids");
	modprobe_blocks(&m, "vfio_pci");
	modprobe_goes_first(&m, "nouveau", "vfio-pci");
}

static void look_at_memory(const struct host *host)
{
	struct hostmemory m;

	hostmemory_read(host, &m);
}

static void look_at_libvirt(const struct host *host)
{
	struct qemuconf conf = { 0 };
	struct confinement c = { 0 };
	struct doctor d = { .host = *host };
	struct row row;

	qemuconf_read(host, &conf);
	qemuconf_guards_devices(&conf);
	qemuconf_allows(&conf, "/dev/vfio/5");
	confinement_read(host, &c);
	confinement_boolean(host, "virt_hooks_unconfined");
	d.confinement = (struct confinement){ .apparmor = true };
	d.libvirt.conf = conf;
	row = doctor_apparmor(&d);
	plain(row.seen);
	row = doctor_unknown_options(&d);
	plain(row.fix);
}

static const struct {
	const char *path;
	void (*looks[2])(const struct host *host);
} files[] = {
	{ "proc/7/stat", { look_at_process, look_for_vms } },
	{ "proc/7/status", { look_at_process, look_for_vms } },
	{ "proc/7/cmdline", { look_for_vms } },
	{ "proc/7/cgroup", { look_at_process, look_for_vms } },
	{ "proc/7/environ", { look_at_process } },
	{ "proc/7/limits", { look_at_process } },
	{ "proc/7/comm", { look_at_process } },
	{ "proc/self/mountinfo", { look_at_disks } },
	{ "proc/swaps", { look_at_disks } },
	{ "proc/meminfo", { look_at_memory } },
	{ "lib/modules/" RELEASE "/modules.alias", { look_at_modules } },
	{ "etc/modprobe.d/a.conf", { look_at_modules } },
	{ "etc/libvirt/qemu.conf", { look_at_libvirt } },
	{ "sys/fs/selinux/enforce", { look_at_libvirt } },
	{ "sys/fs/selinux/booleans/virt_hooks_unconfined", { look_at_libvirt } },
	{ "sys/module/apparmor/parameters/enabled", { look_at_libvirt } },
	{ "etc/apparmor.d/local/abstractions/libvirt-qemu", { look_at_libvirt } },
	{ "etc/apparmor.d/usr.sbin.libvirtd", { look_at_libvirt } },
	{ "var/log/libvirt/qemu/vm.log", { look_at_libvirt } },
};
#define N_FILES (sizeof(files) / sizeof(files[0]))

/* Of a process, what makes its other files worth reading. */
static void begin(struct root *r)
{
	static const char stat[] = "7 (qemu) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 2 0 4711 10 20 "
				   "18446744073709551615 1 2\n",
			  line[] = "qemu\0-uuid\0" UUID, status[] = "Uid:\t0\t0\t0\t0\nNSpid:\t7\n";

	state_put(r, "proc/7/stat", stat, sizeof(stat) - 1);
	state_put(r, "proc/7/cmdline", line, sizeof(line));
	state_put(r, "proc/7/status", status, sizeof(status) - 1);
	state_put(r, "sys/block/vda/dev", "8:0\n", 4);
}

/* Of a name that no file has, any file. */
static size_t file_named(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < N_FILES; i++)
		if (strlen(files[i].path) == len && memcmp(files[i].path, name, len) == 0)
			return i;
	return name[0] % N_FILES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *text = size ? memchr(data, '\n', size) : NULL;
	struct arena arena = { 0 };
	struct host host = { .arena = &arena };
	size_t which;

	if (!text || text == data)
		return 0;
	which = file_named(data, (size_t)(text - data));
	text++;
	state_clear(&host.root);
	begin(&host.root);
	state_put(&host.root, files[which].path, text, size - (size_t)(text - data));
	for (size_t i = 0; i < 2 && files[which].looks[i]; i++)
		files[which].looks[i](&host);
	arena_free(&arena);
	return 0;
}
