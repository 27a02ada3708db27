/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct process;

/*
 * Why a disk is claimed, in words: "nvme0n1p1 is mounted on /srv", "sda2 is swap",
 * "nvme0n1 is part of dm-0 (vg-root)", "nvme0n1 is behind loop0", "sda1 is given out
 * by the NVMe target NQN". From /proc/self/mountinfo, /proc/swaps, holders/ of the
 * disk and its partitions, and what loop and nvmet say. NULL: nothing that we can see.
 */
const char *uses_of_disk(const struct host *host, const char *name);

/*
 * Opens /dev/NAME with O_EXCL, as mount(2), swapon(2), device mapper, md and ZFS do: a
 * descriptor, -EBUSY if one of them has it in any namespace (and not only for the moment
 * that another hook takes to look), or another -errno. -EBUSY as well if a loop device or
 * an NVMe target has it, which claim nothing. Opening a disk may read its partitions or
 * wait for its controller: that is done as act_open() does it, with a deadline in
 * milliseconds and -ETIMEDOUT.
 */
int uses_claim_disk(const struct host *host, const char *name, int deadline, struct process *stuck);
