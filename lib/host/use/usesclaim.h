/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct process;

/*
 * Opens /dev/NAME with O_EXCL, as mount(2), swapon(2), device mapper, md and ZFS do: a
 * descriptor, -EBUSY if one of them has it in any namespace (and not only for the moment
 * that another hook takes to look), or another -errno. -EBUSY as well if a loop device or
 * an NVMe target has it, which claim nothing. Opening a disk may read its partitions or
 * wait for its controller: that is done as act_open() does it, with a deadline in
 * milliseconds and -ETIMEDOUT.
 */
int uses_claim_disk(const struct host *host, const char *name, int deadline, struct process *stuck);
