/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/daemon.h"

#include <stdlib.h>

#include "arena.h"
#include "file.h"
#include "host/program.h"
#include "host/sysfs.h"
#include "host/unitfile.h"
#include "root.h"
#include "str.h"

/* For qemu:///system a client of libvirt takes the first socket of these that exists
   (remoteProbeSessionDriverFromSocket() and remoteGetUNIXSocket()), so virtqemud is first. */
static const struct kind {
	const char *name, *socket_file;
} kinds[] = {
	{ "virtqemud", "/run/libvirt/virtqemud-sock" },
	{ "libvirtd", "/run/libvirt/libvirt-sock" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* How sure it is that this daemon runs QEMU. */
enum trace { TRACE_NONE, TRACE_PROGRAM, TRACE_UNIT, TRACE_ENABLED, TRACE_RUNS, TRACE_SOCKET };

static const char *unit_name(const struct host *host, const struct kind *k, const char *type)
{
	return arena_printf(host->arena, "%s.%s", k->name, type);
}

/* A pid file may outlive its process: only one with the daemon's name is believed. */
static struct process running(const struct host *host, const struct kind *k)
{
	const char *path = arena_printf(host->arena, "/run/%s.pid", k->name), *command;
	struct file file;
	pid_t pid = 0;

	if (file_read_any(host->arena, root_path(host, path), &file, NULL) == 0)
		pid = (pid_t)strtol(file.text, NULL, 10);
	command = pid > 0 ? process_command(host, pid) : NULL;
	return command && str_eq(command, k->name) ? process_now(host, pid)
						   : (struct process){ 0 };
}

/*
 * A socket that systemd holds is there while the daemon is not. Sockets, units and their links can
 * outlive the package.
 */
static enum trace trace_of(const struct host *host, const struct kind *k, struct process p)
{
	bool installed = program_find(host, k->name) != NULL;
	enum unitfile file = unitfile_find(host, unit_name(host, k, "service"));

	if (!p.pid && !installed)
		return TRACE_NONE;
	if ((p.pid || file != UNITFILE_MASKED) && sysfs_has(host, k->socket_file))
		return TRACE_SOCKET;
	if (p.pid)
		return TRACE_RUNS;
	if (file != UNITFILE_EXISTS)
		return TRACE_PROGRAM;
	return unitfile_is_enabled(host, unit_name(host, k, "socket")) ||
			       unitfile_is_enabled(host, unit_name(host, k, "service"))
		       ? TRACE_ENABLED
		       : TRACE_UNIT;
}

void daemon_find(const struct host *host, struct daemon *d)
{
	enum trace best = TRACE_NONE;

	*d = (struct daemon){ 0 };
	for (size_t i = 0; i < N_KINDS; i++) {
		struct process p = running(host, &kinds[i]);
		enum trace trace = trace_of(host, &kinds[i], p);

		if (trace <= best)
			continue;
		best = trace;
		*d = (struct daemon){ kinds[i].name, unit_name(host, &kinds[i], "service"), p };
	}
}

static const char *unit_by_command(const struct host *host, pid_t pid)
{
	const char *command = process_command(host, pid);

	for (size_t i = 0; command && i < N_KINDS; i++)
		if (str_eq(command, kinds[i].name))
			return unit_name(host, &kinds[i], "service");
	return NULL;
}

/* A daemon that was started by hand is in the scope of a session: no unit to restart. */
const char *daemon_unit(const struct host *host, pid_t pid)
{
	const char *unit = pid > 0 ? process_unit(host, pid) : NULL;
	struct daemon d;

	if (unit && str_ends(unit, ".service"))
		return unit;
	unit = pid > 0 ? unit_by_command(host, pid) : NULL;
	if (unit)
		return unit;
	daemon_find(host, &d);
	return d.unit;
}
