/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/process/process.h"

struct host;

/*
 * The actions that change the host. All of them may block in the kernel for ever, so a
 * child does them (own session, /dev/null on 0-2, no other descriptor). The caller does not
 * wait for the child beyond the deadline, and does not kill it: that is not possible. A
 * child that is left behind is the mark of a stuck device. Safe to call from several
 * threads, each with an arena of its own. A thread that writes or reads keeps its child for
 * the next time: act_end() before it ends.
 */

/*
 * Writes text to an attribute, which must be there. 0, -errno of open or write (EIO: it
 * was cut short, or the child was killed), or -ETIMEDOUT with *stuck filled: a child of
 * this machine, which process_real_lives() knows, process_lives() does not. Otherwise
 * stuck->pid is 0, also where a driver itself answered ETIMEDOUT. stuck may be NULL.
 * deadline in milliseconds.
 */
int act_write(const struct host *host, const char *path, const char *text, int deadline,
	      struct process *stuck);

/*
 * Reads an attribute that takes the device's lock (driver_override); without its
 * newline, at most 4 KiB.
 */
int act_read(const struct host *host, const char *path, int deadline, char **text,
	     struct process *stuck);

/*
 * Opens what the kernel may have to wait for, such as a disk, with flags as of open(2):
 * a descriptor, which closes on exec. Likewise: past the deadline nobody holds it.
 */
int act_open(const struct host *host, const char *path, int flags, int deadline,
	     struct process *stuck);

void act_end(void);
