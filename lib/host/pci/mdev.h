/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct host;
struct nodes;

/*
 * Mediated devices (Documentation/driver-api/vfio-mediated-device.rst). A parent
 * is a PCI address, or what /sys/class/mdev_bus calls it (mtty of the samples).
 */

/* The sysfs path of a mediated device. Does this host have the device? */
const char *mdev_path(struct arena *a, const char *uuid);
bool mdev_exists(const struct host *host, const char *uuid);
/* Has it no such device, for certain? */
bool mdev_is_gone(const struct host *host, const char *uuid);

/* "…/mdev_supported_types/TYPE/create" and "/sys/bus/mdev/devices/UUID/remove". */
const char *mdev_create_path(struct arena *a, const char *parent, const char *type);
const char *mdev_remove_path(struct arena *a, const char *uuid);

/* available_instances of a type of a parent; -ENOENT where the parent has no such type. */
int mdev_available(const struct host *host, const char *parent, const char *type);

/* The PCI address of a mediated device's parent, or NULL (not PCI: a sample driver's); its IOMMU group or -1. */
const char *mdev_parent(const struct host *host, const char *uuid);
int mdev_group(const struct host *host, const char *uuid);

/*
 * Adds the device node of its group, and its own (vfio/devices/vfioN). 0, also if it has gone, or
 * -errno: it may have some more.
 */
int mdev_nodes(const struct host *host, const char *uuid, struct nodes *nodes);

/* The types that a parent offers. */
void mdev_types(const struct host *host, const char *parent, struct strv *types);

/* The UUIDs of all mediated devices. */
void mdev_list(const struct host *host, struct strv *uuids);
