/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct host;

/*
 * The script that `kvmshim generate initramfs` installs. A line of it for each function:
 * INITRAMFS_WORD ADDRESS VENDOR:DEVICE.
 */
#define INITRAMFS_WORD "kvmshim_bind"
#define INITRAMFS_TOOLS "/etc/initramfs-tools"
#define INITRAMFS_TOOLS_SCRIPT INITRAMFS_TOOLS "/scripts/init-top/kvmshim-vfio"
#define INITRAMFS_TOOLS_HOOK INITRAMFS_TOOLS "/hooks/kvmshim-vfio"
#define INITRAMFS_DRACUT "/usr/lib/dracut/modules.d/90kvmshim-vfio"
#define INITRAMFS_DRACUT_SCRIPT INITRAMFS_DRACUT "/kvmshim-vfio.sh"

struct initramfs_entry {
	const char *address, *id;
};

struct initramfs {
	const char *script; /* NULL: none is installed */
	const char *update; /* the command that puts it into the image */
	bool unread;	    /* it exists, and this user cannot read it */
	long long written;  /* seconds since the epoch; */
	const char *image;  /* of the running kernel; NULL: not where it usually is */
	long long built;
	struct initramfs_entry *v;
	size_t n, cap;
};

void initramfs_read(const struct host *host, struct initramfs *out);
