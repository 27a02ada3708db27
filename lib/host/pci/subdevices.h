/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device/holderkind.h"
#include "str.h"

struct host;

/* A device number that somebody may have open. */
struct node {
	dev_t dev;
	bool block;
	const char *name; /* as /dev would have it: snd/controlC0, nvme0n1p1, dri/card0, vfio/11 */
	enum holder_kind kind;
};

struct nodes {
	struct node *v;
	size_t n, cap;
};

/*
 * The devices below a PCI function in sysfs. They are found by walking its directory for
 * `dev` files (major:minor) without following links, and without entering other PCI
 * functions. An NVMe namespace whose multipath head is not below it (nvme-subsystem) is
 * found as well. For nvidia's driver, whose device nodes sysfs does not know, /dev/nvidiaN
 * (195:N) with N from /proc/driver/nvidia/gpus/ADDRESS/information ("Device Minor:"), and what all
 * of its cards share, where it has only this one: nvidiactl, nvidia-modeset, nvidia-uvm.
 */
struct subdevices {
	struct nodes nodes;
	struct strv disks;	/* whole disks: nvme0n1, sda */
	struct strv interfaces; /* network interfaces: eth0 */
	struct strv framebuffers; /* fb0 */
};

/* 0, -ENOENT where the function has gone, or -errno: then it may have more than was found. */
int subdevices_read(const struct host *host, const char *address, struct subdevices *b);

/* The same of a device on another bus, by its folder in sysfs: what its folders have. */
int subdevices_below(const struct host *host, const char *path, struct subdevices *b);

/* The same of a disk ("sda": it and its partitions) or a partition. */
int subdevices_of_disk(const struct host *host, const char *name, struct subdevices *b);

/*
 * Adds /dev/vfio/GROUP, if it exists. The character device of each function
 * (vfio/devices/vfioN, CONFIG_VFIO_DEVICE_CDEV) hangs below it: subdevices_read() has it.
 * 0, also if the group has no device node, or -errno.
 */
int subdevices_add_vfio(const struct host *host, int group, struct nodes *nodes);
