/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/*
 * Devices and their drivers, as drivers/base/bus.c and dd.c have them. All of
 * it with tree_lock held. 0 or -errno, the kernel's own.
 *
 * A device's folder may hold, besides .below (see tree.h):
 *	.home	the drivers whose tables match it
 *	.vfs/	the folders of its virtual functions, while they are not enabled
 */
struct device {
	const char *bus, *name;
	const char *path;    /* /devices/pci0000:00/… */
	const char *backing; /* its folder in the tree */
};

/* -ENODEV where the bus has no such device. */
int device_find(struct arena *a, const char *bus, const char *name, struct device *d);

const char *device_driver(struct arena *a, const struct device *d);

/* What a write to these files does. */
int device_bind(struct arena *a, const struct device *d, const char *driver);
int device_unbind(struct arena *a, const struct device *d, const char *driver);
int device_probe(struct arena *a, const struct device *d);

/* pci_stop_and_remove_bus_device(), and pci_rescan_bus() of what that removed: bus is "0000:01". */
int device_remove(struct arena *a, const struct device *d);
int device_rescan(struct arena *a, const char *bus);
int device_set_vfs(struct arena *a, const struct device *d, const char *count);

/*
 * Makes or removes /dev/vfio/GROUP, below TREE/.dev, as one of the group's devices is bound to
 * a vfio driver or none; and shows its devices/virtual/vfio/GROUP, else kept as .GROUP.
 */
void device_settle_group(struct arena *a, const struct device *d);
