/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

struct host;

/*
 * /dev/vfio/devices/vfioN, the device node of one device for IOMMUFD (vfio.rst: VFIO device
 * cdev). libvirt opens it, and QEMU gets only the descriptor (vfio-pci's fd=).
 */

/* The open files of this process, which stay the real ones below a KVMSHIM_ROOT. */
#define VFIOCDEV_OURS "/proc/self/fd"
/* Those of another process. */
const char *vfiocdev_files_of(const struct host *host, pid_t pid);

/*
 * The device whose device node has this descriptor ("24") among these open files: a PCI
 * address, or the UUID of a mediated device. NULL: it is unknown. files: NULL for nobody's.
 */
const char *vfiocdev_device(const struct host *host, const char *files, const char *fd);
