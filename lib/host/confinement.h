/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct host;

/* The kernel's modules that confine processes. */
struct confinement {
	bool apparmor;
	bool selinux, enforces;
};

void confinement_read(const struct host *host, struct confinement *c);

/* A boolean of SELinux's policy as it is now: 1, 0, or -1 if no boolean has this name. */
int confinement_boolean(const struct host *host, const char *name);
