/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct host;

/* /dev/vfio/GROUP, the device node by which QEMU opens the devices of an IOMMU group (vfio.rst). */

/* Its owner as "UID:GID"; NULL if it does not exist. */
const char *vfionode_owner(const struct host *host, const char *group);

/* Gives it to "UID:GID". 0, -ENOENT, or another -errno. A link, or not a device, is refused. */
int vfionode_set_owner(const struct host *host, const char *group, const char *owner,
		       struct err *err);
