/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every option name of QEMU 2.0 to 10.2: the union of the qemu-options.hx files, in which no
 * name ever changed between taking a word and being a flag. So one table cuts the command line
 * of every version into words. Syntax and implied keys: the QemuOptsList and
 * qobject_input_visitor calls of vl.c (softmmu/vl.c, system/vl.c). machine, smp and boot were
 * QemuOpts before QEMU 6.1 and 7.1; kvmshim reads them as keyval and accepts their bare keys
 * all the same.
 */
#include "wrapper/line/qemuopt.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "conf/settings.h"
#include "nearest.h"
#include "str.h"

/* Sorted by name, byte order. */
static const struct qemuopt table[] = {
	{ "D", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "L", SYNTAX_RAW, REPEAT_ADD, OPT_HOST_ONLY },
	{ "M", SYNTAX_KEYVAL, REPEAT_MERGE, OPT_HELP | OPT_UNDERSCORE, .implied = "type", .means = "machine" },
	{ "S", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "accel", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP, .implied = "accel" },
	{ "acpitable", SYNTAX_OPTS, REPEAT_ADD, 0, .implied = "data" },
	{ "action", SYNTAX_OPTS, REPEAT_MERGE, OPT_HOST_ONLY },
	{ "add-fd", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY },
	{ "alt-grab", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "append", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "async-teardown", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "audio", SYNTAX_KEYVAL, REPEAT_ADD, OPT_HELP, .implied = "driver" },
	{ "audio-help", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "audiodev", SYNTAX_KEYVAL, REPEAT_ADD, OPT_JSON | OPT_HELP | OPT_HOST_ONLY, .implied = "driver" },
	{ "balloon", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "bios", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "blockdev", SYNTAX_KEYVAL, REPEAT_ADD, OPT_JSON | OPT_HOST_ONLY, .implied = "driver" },
	{ "boot", SYNTAX_KEYVAL, REPEAT_MERGE, OPT_HELP, .implied = "order" },
	{ "bootp", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "bt", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "cdrom", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "chardev", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP | OPT_HOST_ONLY | OPT_FIRST_ID, .implied = "backend" },
	{ "chroot", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "clock", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "compat", SYNTAX_KEYVAL, REPEAT_ADD, OPT_JSON },
	{ "cpu", SYNTAX_CPU, REPEAT_LAST, OPT_HELP | OPT_UNDERSCORE },
	{ "ctrl-grab", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "curses", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "d", SYNTAX_RAW, REPEAT_ADD, OPT_HELP | OPT_HOST_ONLY },
	{ "daemonize", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "debugcon", SYNTAX_RAW, REPEAT_ADD, OPT_CHARDEV },
	{ "device", SYNTAX_OPTS, REPEAT_ADD, OPT_JSON | OPT_HELP | OPT_FIRST_ID | OPT_FLAT, .implied = "driver" },
	{ "dfilter", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "display", SYNTAX_KEYVAL, REPEAT_LAST, OPT_JSON | OPT_HELP | OPT_HOST_ONLY, .implied = "type" },
	{ "drive", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP | OPT_FIRST_ID },
	{ "dtb", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "dump-vmstate", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "echr", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "enable-fips", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "enable-hax", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "enable-kvm", SYNTAX_NONE, REPEAT_LAST, 0, .means = "machine", .means_key = "accel", .means_value = "kvm" },
	{ "enable-sync-profile", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "fda", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "fdb", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "fsdev", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY | OPT_FIRST_ID, .implied = "fsdriver" },
	{ "full-screen", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "fw_cfg", SYNTAX_OPTS, REPEAT_ADD, 0, .implied = "name" },
	{ "g", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "gdb", SYNTAX_RAW, REPEAT_LAST, OPT_CHARDEV | OPT_HOST_ONLY },
	{ "global", SYNTAX_GLOBAL, REPEAT_ADD, 0 },
	{ "h", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "hda", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "hdachs", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "hdb", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "hdc", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "hdd", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "help", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "icount", SYNTAX_OPTS, REPEAT_MERGE, 0, .implied = "shift" },
	{ "incoming", SYNTAX_RAW, REPEAT_LAST, OPT_JSON | OPT_HOST_ONLY },
	{ "initrd", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "iscsi", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY | OPT_FIRST_ID },
	{ "jitdump", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "k", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "kernel", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "loadvm", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "localtime", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "m", SYNTAX_OPTS, REPEAT_MERGE, 0, .implied = "size" },
	{ "machine", SYNTAX_KEYVAL, REPEAT_MERGE, OPT_HELP | OPT_UNDERSCORE, .implied = "type" },
	{ "mem-path", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "mem-prealloc", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "mon", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY | OPT_FIRST_ID, .implied = "chardev" },
	{ "monitor", SYNTAX_RAW, REPEAT_ADD, OPT_CHARDEV | OPT_HOST_ONLY },
	{ "msg", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY },
	{ "mtdblock", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "name", SYNTAX_OPTS, REPEAT_MERGE, OPT_HOST_ONLY, .implied = "guest" },
	{ "net", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP, .implied = "type" },
	{ "netdev", SYNTAX_OPTS, REPEAT_ADD, OPT_JSON | OPT_HELP | OPT_HOST_ONLY | OPT_FIRST_ID, .implied = "type" },
	{ "nic", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP, .implied = "type" },
	{ "no-acpi", SYNTAX_NONE, REPEAT_LAST, 0, .means = "machine", .means_key = "acpi", .means_value = "off" },
	{ "no-fd-bootchk", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "no-frame", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "no-hpet", SYNTAX_NONE, REPEAT_LAST, 0, .means = "machine", .means_key = "hpet", .means_value = "off" },
	{ "no-kvm", SYNTAX_NONE, REPEAT_LAST, 0, .means = "machine", .means_key = "accel", .means_value = "tcg" },
	{ "no-kvm-irqchip", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "no-kvm-pit", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "no-kvm-pit-reinjection", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "no-quit", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "no-reboot", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "no-shutdown", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "no-user-config", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "nodefaults", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "nodefconfig", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "nographic", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "numa", SYNTAX_OPTS, REPEAT_ADD, 0, .implied = "type" },
	{ "object", SYNTAX_OPTS, REPEAT_ADD, OPT_JSON | OPT_HELP | OPT_FIRST_ID, .implied = "qom-type" },
	{ "old-param", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "only-migratable", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "option-rom", SYNTAX_OPTS, REPEAT_ADD, 0, .implied = "romfile" },
	{ "overcommit", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY },
	{ "parallel", SYNTAX_RAW, REPEAT_ADD, OPT_CHARDEV },
	{ "perfmap", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "pflash", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "pidfile", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "plugin", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY, .implied = "file" },
	{ "portrait", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "preconfig", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "prom-env", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "qmp", SYNTAX_RAW, REPEAT_ADD, OPT_CHARDEV | OPT_HOST_ONLY },
	{ "qmp-pretty", SYNTAX_RAW, REPEAT_ADD, OPT_CHARDEV | OPT_HOST_ONLY },
	{ "qtest", SYNTAX_RAW, REPEAT_LAST, OPT_CHARDEV | OPT_HOST_ONLY },
	{ "qtest-log", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "readconfig", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "realtime", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY },
	{ "redir", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "rotate", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "rtc", SYNTAX_OPTS, REPEAT_MERGE, 0 },
	{ "rtc-td-hack", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "run-with", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY },
	{ "runas", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "s", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "sandbox", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY, .implied = "enable" },
	{ "sd", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "sdl", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "seed", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "semihosting", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "semihosting-config", SYNTAX_OPTS, REPEAT_MERGE, 0, .implied = "enable" },
	{ "serial", SYNTAX_RAW, REPEAT_ADD, OPT_CHARDEV },
	{ "set", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "shim", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "show-cursor", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "singlestep", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "smb", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "smbios", SYNTAX_OPTS, REPEAT_ADD, 0, .implied = "type" },
	{ "smp", SYNTAX_KEYVAL, REPEAT_MERGE, OPT_HELP, .implied = "cpus" },
	{ "snapshot", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "soundhw", SYNTAX_RAW, REPEAT_ADD, OPT_HELP },
	{ "spice", SYNTAX_OPTS, REPEAT_MERGE, OPT_HOST_ONLY },
	{ "startdate", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "tb-size", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "tdf", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "tftp", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "tpmdev", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP | OPT_FIRST_ID, .implied = "type" },
	{ "trace", SYNTAX_OPTS, REPEAT_ADD, OPT_HELP | OPT_HOST_ONLY, .implied = "enable" },
	{ "usb", SYNTAX_NONE, REPEAT_LAST, 0, .means = "machine", .means_key = "usb", .means_value = "on" },
	{ "usbdevice", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "uuid", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "version", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "vga", SYNTAX_RAW, REPEAT_LAST, OPT_HELP },
	{ "virtfs", SYNTAX_OPTS, REPEAT_ADD, 0, .implied = "fsdriver" },
	{ "virtfs_synth", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "virtioconsole", SYNTAX_RAW, REPEAT_ADD, 0 },
	{ "vnc", SYNTAX_OPTS, REPEAT_ADD, OPT_HOST_ONLY, .implied = "vnc" },
	{ "watchdog", SYNTAX_RAW, REPEAT_LAST, OPT_HELP },
	{ "watchdog-action", SYNTAX_RAW, REPEAT_LAST, OPT_HELP },
	{ "win2k-hack", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "writeconfig", SYNTAX_RAW, REPEAT_LAST, OPT_HOST_ONLY },
	{ "xen-attach", SYNTAX_NONE, REPEAT_LAST, OPT_HOST_ONLY },
	{ "xen-create", SYNTAX_NONE, REPEAT_LAST, 0 },
	{ "xen-domid", SYNTAX_RAW, REPEAT_LAST, 0 },
	{ "xen-domid-restrict", SYNTAX_NONE, REPEAT_LAST, 0 },
};
#define N_TABLE (sizeof(table) / sizeof(table[0]))

struct qemuopts qemuopts_with(struct arena *a, const struct settings *s)
{
	struct qemuopt *extra = arena_alloc(a, (s->n_extra + 1) * sizeof(*extra));

	for (size_t i = 0; i < s->n_extra; i++)
		extra[i] = (struct qemuopt){
			.name = s->extra[i].name,
			.syntax = s->extra[i].has_arg ? SYNTAX_RAW : SYNTAX_NONE,
			.repeat = REPEAT_ADD,
		};
	return (struct qemuopts){ extra, s->n_extra };
}

static int by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct qemuopt *)row)->name);
}

const struct qemuopt *qemuopt_builtin(const char *name)
{
	return bsearch(name, table, N_TABLE, sizeof(table[0]), by_name);
}

const struct qemuopt *qemuopt_find(const struct qemuopts *o, const char *name)
{
	const struct qemuopt *found = qemuopt_builtin(name);

	for (size_t i = 0; !found && i < o->n_extra; i++)
		if (str_eq(o->extra[i].name, name))
			found = &o->extra[i];
	return found;
}

const char *qemuopt_hint(struct arena *a, const char *name)
{
	struct nearest near = { .word = name };

	for (size_t i = 0; i < N_TABLE; i++)
		nearest_try(&near, table[i].name);
	return nearest_hint(a, &near);
}

const struct qemuopt *qemuopt_table(size_t *n)
{
	*n = N_TABLE;
	return table;
}
