/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct host;
struct strv;

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

/*
 * The device node ("vfio3") of a device: a PCI address, or the UUID of a mediated device. NULL: it
 * has none, because VFIO does not have the device, or the kernel has no VFIO_DEVICE_CDEV: then sysfs has
 * vfio-dev/vfio3, but no number (vfio_device_cdev.c of Linux).
 */
const char *vfiocdev_name(const struct host *host, const char *device);

/* "/dev/vfio/devices/vfio3" */
const char *vfiocdev_node(struct arena *a, const char *name);

/* The n names that the next devices get: ida_alloc() takes the lowest number that is free. */
void vfiocdev_next(const struct host *host, size_t n, struct strv *names);

/* Does the host have /dev/iommu (CONFIG_IOMMUFD)? */
#define IOMMUFD_NODE "/dev/iommu"
bool vfiocdev_has_iommufd(const struct host *host);
