/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

struct host;

/*
 * Why /proc does not show every process of the host: the PID namespace of a container, a /proc
 * of another one, or a mount of it that hides processes (hidepid=). NULL: it shows them all.
 * Below a KVMSHIM_ROOT without proc/self/ns/pid, it does.
 */
const char *namespace_blindness(const struct host *host);
/* The same of another process, as far as its own PID namespace tells; pid 0: of nobody. */
const char *namespace_blindness_of(const struct host *host, pid_t pid);
