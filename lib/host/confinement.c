/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/confinement.h"

#include <stddef.h>

#include "arena.h"
#include "host/sysfs.h"
#include "root.h"

#define SELINUX "/sys/fs/selinux"

void confinement_read(const struct host *host, struct confinement *c)
{
	const char *apparmor = sysfs_text(host, "/sys/module/apparmor/parameters/enabled");
	const char *enforces = sysfs_text(host, SELINUX "/enforce");

	*c = (struct confinement){
		.apparmor = apparmor && *apparmor == 'Y',
		.selinux = enforces != NULL,
		.enforces = enforces && *enforces == '1',
	};
}

/* "1 0": as it is, and as it will be once what is pending is committed. */
int confinement_boolean(const struct host *host, const char *name)
{
	const char *text =
		sysfs_text(host, arena_printf(host->arena, SELINUX "/booleans/%s", name));

	return text ? *text == '1' : -1;
}
