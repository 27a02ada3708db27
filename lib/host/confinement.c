/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/confinement.h"

#include <stddef.h>

#include "arena.h"
#include "host/sysfs.h"

#define SELINUX "/sys/fs/selinux"

void confinement_read(struct arena *a, const struct root *r, struct confinement *c)
{
	const char *apparmor = sysfs_text(a, r, "/sys/module/apparmor/parameters/enabled");
	const char *enforces = sysfs_text(a, r, SELINUX "/enforce");

	*c = (struct confinement){
		.apparmor = apparmor && *apparmor == 'Y',
		.selinux = enforces != NULL,
		.enforces = enforces && *enforces == '1',
	};
}

/* "1 0": as it is, and as it will be once what is pending is committed. */
int confinement_boolean(struct arena *a, const struct root *r, const char *name)
{
	const char *text = sysfs_text(a, r, arena_printf(a, SELINUX "/booleans/%s", name));

	return text ? *text == '1' : -1;
}
