/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct host;

/* A device that a process has open: nearly always once, however often it has it open. */
struct open_device {
	dev_t dev;
	bool block;
	pid_t pid;
};

/*
 * All devices that all processes had open in one pass over them. The devices of one process
 * are side by side.
 */
struct opendevices {
	struct open_device *v;
	size_t n, cap;
	/*
	 * Live processes whose open files could not all be read (AppArmor lets a hook, which is
	 * confined like its libvirtd, look at few others; SELinux; any error of a system call):
	 * they may have any device open.
	 */
	pid_t *hidden;
	size_t n_hidden, hidden_cap;
	/*
	 * The pass took too long: some processes in `hidden` were not looked at to their end. The
	 * process with the most open files of all that were looked at is the one to blame.
	 */
	bool late;
	pid_t busiest;
	size_t most;
	int error; /* errno: the list of the processes could not be read to its end; 0: it was */
};

/*
 * A pass over /proc/PID/fd of all processes, also in containers: by the device numbers of
 * the open files, not by path. Never blocks on a network file system (statx with
 * AT_STATX_DONT_SYNC). This process is omitted, and also a child of it that has a disk
 * open. A user who is not root sees fewer files: a file that is denied to this user is not
 * in `hidden`.
 */
void opendevices_read(const struct host *host, struct opendevices *o);

/*
 * The same, but until then at the latest (clock_ms()). opendevices_read() has OPENDEVICES_S
 * seconds: anybody can open a million files, and the hook must not look at them for minutes.
 */
#define OPENDEVICES_S 10
void opendevices_read_until(const struct host *host, double until, struct opendevices *o);

/* Can this user read what the processes of all users have open? */
bool opendevices_seen(void);
