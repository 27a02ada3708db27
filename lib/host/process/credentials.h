/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Who a process is, from the text of its files in /proc. */

/*
 * The four values of "Uid:" in /proc/PID/status if they are one: a setuid program that somebody
 * else has started has two. false: they differ, or are not there.
 */
bool credentials_same_uid(const char *status, uid_t *uid);

/* Is it in a PID namespace below the one of this /proc (more than one value of "NSpid:")? */
bool credentials_is_nested(const char *status);

/*
 * Is a control group of /proc/PID/cgroup named like those that libvirt makes for a VM?
 * anywhere: that is all. roots: and no folder above it is of a user or a service, which may
 * let others make folders.
 */
void credentials_cgroup(const char *cgroup, bool *anywhere, bool *roots);
