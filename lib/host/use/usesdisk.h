/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct host;

/*
 * Why a disk is claimed, in words: "nvme0n1p1 is mounted on /srv", "sda2 is swap",
 * "nvme0n1 is part of dm-0 (vg-root)", "nvme0n1 is behind loop0", "sda1 is given out
 * by the NVMe target NQN". From /proc/self/mountinfo, /proc/swaps, holders/ of the
 * disk and its partitions, btrfs, bcachefs, bcache, and what loop and nvmet say. Of a
 * partition: its own use, and that of the whole disk. A list that cannot be read is such a
 * reason too. NULL: nothing that we can see.
 */
const char *uses_of_disk(const struct host *host, const char *name);

/* The same, but only of users that do not claim it: loop devices and NVMe targets. */
const char *uses_unclaimed(const struct host *host, const char *name);

/* The reason if a disk cannot be claimed and uses_of_disk() knows none. */
const char *uses_unseen_text(struct arena *a, const char *name);

/*
 * Calls `claim`, which returns a descriptor or -errno, until it is not -EBUSY or a use of the disk
 * is known: another hook or wrapper that looks at the disk has it for a moment, as this one does.
 * Returns what it returned last. name: NULL if the disk has no known name.
 */
typedef int disk_claim(void *user);
int uses_claim_again(const struct host *host, const char *name, disk_claim *claim, void *user);
