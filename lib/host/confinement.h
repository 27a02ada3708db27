/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct root;

/* What the kernel confines processes by. */
struct confinement {
	bool apparmor;
	bool selinux, enforces;
};

void confinement_read(struct arena *a, const struct root *r, struct confinement *c);

/* A boolean of SELinux's policy as it is now: 1, 0, or -1: there is none of this name. */
int confinement_boolean(struct arena *a, const struct root *r, const char *name);
