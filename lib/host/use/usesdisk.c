/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesdisk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "arena.h"
#include "clock.h"
#include "err.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "host/use/mounts.h"
#include "root.h"
#include "str.h"

static const char *block_path(struct arena *a, const char *name, const char *file)
{
	return arena_printf(a, "/sys/class/block/%s/%s", name, file);
}

/* The disk and its partitions. */
static struct strv with_partitions(const struct host *host, const char *disk)
{
	struct strv all = { 0 }, entries = { 0 };

	strv_push(host->arena, &all, disk);
	sysfs_list(host, block_path(host->arena, disk, ""), &entries);
	for (size_t i = 0; i < entries.n; i++)
		if (sysfs_has(host,
			      block_path(host->arena, disk,
					 arena_printf(host->arena, "%s/partition", entries.v[i]))))
			strv_push(host->arena, &all, entries.v[i]);
	return all;
}

/* The names of a block device in /dev: its own, and of a logical volume mapper/NAME too. */
static struct strv dev_names(const struct host *host, const char *name)
{
	const char *label = sysfs_text(host, block_path(host->arena, name, "dm/name"));
	struct strv names = { 0 };

	strv_push(host->arena, &names, name);
	if (label)
		strv_push(host->arena, &names, arena_printf(host->arena, "mapper/%s", label));
	return names;
}

/* A list that cannot be read may have this disk in it. NULL: a fake root has no such file. */
static const char *unread_text(const struct host *host, int rc, const char *path, const char *what,
			       const char *name)
{
	if (rc == -ENOENT && *host->root.prefix)
		return NULL;
	return arena_printf(host->arena, "%s cannot be read (%s), so %s of %s are unknown", path,
			    err_reason(-rc), what, name);
}

/* btrfs has device numbers of its own there, and is known by its source. */
static bool is_mount_of(const struct mount *m, const char *device, const struct strv *names)
{
	static const char dev[] = "/dev/";

	return str_eq(m->device, device) || (str_starts(m->source, dev) &&
					     strv_has(names, m->source + strlen(dev)));
}

static const char *mount_text(const struct host *host, const char *name)
{
	const char *device = sysfs_text(host, block_path(host->arena, name, "dev"));
	struct strv names = dev_names(host, name);
	struct mounts mounts;
	int rc = mounts_read(host, &mounts);

	if (rc < 0)
		return unread_text(host, rc, "/proc/self/mountinfo", "the mounts", name);
	for (size_t i = 0; device && i < mounts.n; i++)
		if (is_mount_of(&mounts.v[i], device, &names))
			return arena_printf(host->arena, "%s is mounted on %s", name,
					    mounts.v[i].where);
	return NULL;
}

static const char *swap_text(const struct host *host, const char *name)
{
	struct strv names = dev_names(host, name);
	char *text, *line;
	size_t len;
	int rc = host_read(host, "/proc/swaps", &text, &len);

	if (rc < 0)
		return unread_text(host, rc, "/proc/swaps", "the swap devices", name);
	while ((line = strsep(&text, "\n")))
		for (size_t i = 0; i < names.n; i++)
			if (str_starts(line, arena_printf(host->arena, "/dev/%s ", names.v[i])))
				return arena_printf(host->arena, "%s is swap", name);
	return NULL;
}

static const char *holder_text(const struct host *host, const char *name)
{
	struct strv holders = { 0 };
	const char *label;

	sysfs_list(host, block_path(host->arena, name, "holders"), &holders);
	if (!holders.n)
		return NULL;
	label = sysfs_text(host, block_path(host->arena, holders.v[0], "dm/name"));
	if (!label)
		return arena_printf(host->arena, "%s is part of %s", name, holders.v[0]);
	return arena_printf(host->arena, "%s is part of %s (%s)", name, holders.v[0], label);
}

/* ---- file systems of several disks: only one of them is in the mount table ---- */

static const char *btrfs_text(const struct host *host, const char *name)
{
	struct strv all = { 0 };

	sysfs_list(host, "/sys/fs/btrfs", &all);
	for (size_t i = 0; i < all.n; i++)
		if (sysfs_has(host, arena_printf(host->arena, "/sys/fs/btrfs/%s/devices/%s",
						 all.v[i], name)))
			return arena_printf(host->arena, "%s is part of the btrfs file system %s",
					    name, all.v[i]);
	return NULL;
}

/* /sys/fs/bcachefs/UUID/dev-N/block is a link to it. */
static const char *bcachefs_text(const struct host *host, const char *name)
{
	struct strv all = { 0 };

	sysfs_list(host, "/sys/fs/bcachefs", &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *folder = arena_printf(host->arena, "/sys/fs/bcachefs/%s", all.v[i]);
		struct strv devices = { 0 };

		sysfs_list(host, folder, &devices);
		for (size_t k = 0; k < devices.n; k++)
			if (str_same(sysfs_link(host, arena_printf(host->arena, "%s/%s/block",
								   folder, devices.v[k])),
				     name))
				return arena_printf(host->arena,
						    "%s is part of the bcachefs file system %s",
						    name, all.v[i]);
	}
	return NULL;
}

/* A disk that bcache has, cache or backing device; its own disks link to the folder too. */
static const char *bcache_text(const struct host *host, const char *name)
{
	if (str_starts(name, "bcache") ||
	    !sysfs_has(host, block_path(host->arena, name, "bcache")))
		return NULL;
	return arena_printf(host->arena, "%s is part of a bcache", name);
}

/* ---- what the kernel itself has open, without O_EXCL and in no process ---- */

/* Is this file another one for certain? One of another mount namespace cannot be asked. */
static bool is_another(const char *path, dev_t dev, const char *name)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0)
		return !S_ISBLK(st.stx_mode) ||
		       makedev(st.stx_rdev_major, st.stx_rdev_minor) != dev;
	return !str_eq(base, name);
}

/*
 * A device node outside of /dev is a container's, and as a rule named alike. Other paths
 * are not looked at: an image may be on a server that does not answer any more.
 */
static bool is_node_of(const struct host *host, char *path, const char *name)
{
	static const char gone[] = " (deleted)"; /* d_path() of fs/d_path.c */
	const char *text = sysfs_text(host, block_path(host->arena, name, "dev"));
	unsigned major, minor;

	if (str_ends(path, gone))
		path[strlen(path) - strlen(gone)] = '\0';
	if (!text || sscanf(text, "%9u:%9u", &major, &minor) != 2)
		return false;
	if (!str_starts(path, "/dev/") && !str_ends(path, arena_printf(host->arena, "/%s", name)))
		return false;
	return !is_another(root_path(host, path), makedev(major, minor), name);
}

/* loop_set_fd() opens nothing exclusively: Documentation/ABI/testing/sysfs-block-loop. */
static const char *loop_of(const struct host *host, const char *name)
{
	struct strv disks = { 0 };

	sysfs_list(host, "/sys/block", &disks);
	for (size_t i = 0; i < disks.n; i++) {
		char *path =
			str_starts(disks.v[i], "loop")
				? sysfs_text(host, arena_printf(host->arena,
								"/sys/block/%s/loop/backing_file",
								disks.v[i]))
				: NULL;

		if (path && is_node_of(host, path, name))
			return arena_printf(host->arena, "%s is the backing device of %s", name,
					    disks.v[i]);
	}
	return NULL;
}

#define TARGETS "/sys/kernel/config/nvmet/subsystems"

static bool is_namespace_of(const struct host *host, const char *folder, const char *name)
{
	const char *on = sysfs_text(host, arena_printf(host->arena, "%s/enable", folder));
	char *path = sysfs_text(host, arena_printf(host->arena, "%s/device_path", folder));

	return on && path && str_eq(on, "1") && is_node_of(host, path, name);
}

/* nvmet_bdev_ns_enable() of drivers/nvme/target/io-cmd-bdev.c: a disk given out over fabrics. */
static const char *target_of(const struct host *host, const char *name)
{
	struct strv subsystems = { 0 };

	sysfs_list(host, TARGETS, &subsystems);
	for (size_t i = 0; i < subsystems.n; i++) {
		const char *all =
			arena_printf(host->arena, TARGETS "/%s/namespaces", subsystems.v[i]);
		struct strv namespaces = { 0 };

		sysfs_list(host, all, &namespaces);
		for (size_t k = 0; k < namespaces.n; k++)
			if (is_namespace_of(
				    host, arena_printf(host->arena, "%s/%s", all, namespaces.v[k]),
				    name))
				return arena_printf(host->arena,
						    "%s is exported by the NVMe target %s", name,
						    str_printable(host->arena, subsystems.v[i]));
	}
	return NULL;
}

static const char *kernel_use(const struct host *host, const char *name)
{
	const char *loop = loop_of(host, name);

	return loop ? loop : target_of(host, name);
}

/* ---- all of it ---- */

typedef const char *use_text(const struct host *host, const char *name);

static use_text *const texts[] = { mount_text, swap_text,     holder_text, btrfs_text,
				   bcachefs_text, bcache_text, kernel_use };

static const char *use_of(const struct host *host, const char *name)
{
	const char *why = NULL;

	for (size_t i = 0; !why && i < sizeof(texts) / sizeof(texts[0]); i++)
		why = texts[i](host, name);
	return why;
}

/* The disk that a partition is part of; NULL: this is not a partition. */
static const char *whole_of(const struct host *host, const char *name)
{
	struct strv disks = { 0 };

	if (!sysfs_has(host, block_path(host->arena, name, "partition")))
		return NULL;
	sysfs_list(host, "/sys/block", &disks);
	for (size_t i = 0; i < disks.n; i++)
		if (sysfs_has(host,
			      arena_printf(host->arena, "/sys/block/%s/%s", disks.v[i], name)))
			return disks.v[i];
	return NULL;
}

/* The disk with its partitions, or the partition with its disk. */
static struct strv with_relatives(const struct host *host, const char *name)
{
	struct strv all = with_partitions(host, name);
	const char *whole = whole_of(host, name);

	if (whole)
		strv_push(host->arena, &all, whole);
	return all;
}

static const char *first_use(const struct host *host, const char *name, use_text *use_of_one)
{
	struct strv all = with_relatives(host, name);
	const char *use = NULL;

	for (size_t i = 0; !use && i < all.n; i++)
		use = use_of_one(host, all.v[i]);
	return use;
}

const char *uses_of_disk(const struct host *host, const char *name)
{
	return first_use(host, name, use_of);
}

const char *uses_unclaimed(const struct host *host, const char *name)
{
	return first_use(host, name, kernel_use);
}

const char *uses_unseen_text(struct arena *a, const char *name)
{
	return arena_printf(a,
			    "disk %s has a user that is not in the mount table of this host (a "
			    "container or other mount namespace, LVM, md or ZFS)",
			    name);
}

#define LOOKS 20
#define LOOK_AGAIN 10 /* ms */

int uses_claim_again(const struct host *host, const char *name, disk_claim *claim, void *user)
{
	int fd = claim(user);

	for (int i = 1; i < LOOKS && fd == -EBUSY && !(name && uses_of_disk(host, name)); i++) {
		clock_sleep(LOOK_AGAIN);
		fd = claim(user);
	}
	return fd;
}
