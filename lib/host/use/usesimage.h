/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

struct host;
struct stat;

/* The name of a block device in sysfs, by its number: "sda1". NULL: unknown. */
const char *uses_block_name(const struct host *host, dev_t dev);

/*
 * Why this host uses the disk or the image file at `path`, of which *st is what stat(2) says:
 * what uses_of_disk() says of the disk, or that it has a user in the kernel that we cannot
 * see; "x.img is the backing file of loop0", "x.img is swap". NULL: nothing uses it.
 * Opens a disk with O_EXCL, for a moment and without a deadline, as QEMU will open it.
 */
const char *uses_of_image(const struct host *host, const char *path, const struct stat *st);
