/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/process/process.h"

/*
 * The daemon of libvirt that runs QEMU on this host: virtqemud, where libvirt has one daemon
 * for each task, or the monolithic libvirtd. Both can be installed.
 */
struct daemon {
	const char *name;	/* "virtqemud"; NULL: this host has none */
	const char *unit;	/* "virtqemud.service" */
	struct process process; /* pid 0: it does not run now; systemd can start it by its socket */
};

void daemon_find(const struct host *host, struct daemon *d);

/* The unit to restart for the daemon that has this pid (0: unknown). NULL: this host has none. */
const char *daemon_unit(const struct host *host, pid_t pid);
