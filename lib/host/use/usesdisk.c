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
#include "host/act/act.h"
#include "host/host.h"
#include "host/sysfs.h"
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

/* \040 for a blank, and so on: three octal digits (proc(5)). */
static const char *unescaped(struct arena *a, const char *text)
{
	struct strbuf b = { .arena = a };
	unsigned code;

	for (; *text; text++) {
		if (*text == '\\' && sscanf(text, "\\%3o", &code) == 1 && strlen(text) > 3) {
			strbuf_addc(&b, (char)code);
			text += 3;
		} else {
			strbuf_addc(&b, *text);
		}
	}
	return strbuf_text(&b);
}

/*
 * A line of mountinfo (proc(5)): "36 35 8:1 / /srv rw shared:1 - ext4 /dev/sda1 rw". btrfs
 * has device numbers of its own there, and is known by its source.
 */
static bool is_mount_of(const char *line, const char *name, const char *dev, int *where)
{
	char number[32], source[256];
	const char *rest;

	*where = 0;
	if (sscanf(line, "%*s %*s %31s %*s %n", number, where) != 1 || !*where)
		return false;
	if (str_eq(number, dev))
		return true;
	rest = strstr(line + *where, " - ");
	return rest && sscanf(rest, " - %*s /dev/%255s", source) == 1 && str_eq(source, name);
}

/* The mount point; NULL: we see none. */
static const char *mount_of(const struct host *host, const char *name)
{
	const char *dev = sysfs_text(host, block_path(host->arena, name, "dev"));
	char *text, *line;
	size_t len;
	int at;

	if (!dev || host_read(host, "/proc/self/mountinfo", &text, &len) < 0)
		return NULL;
	while ((line = strsep(&text, "\n")))
		if (is_mount_of(line, name, dev, &at))
			return unescaped(host->arena, arena_strndup(host->arena, line + at,
								    strcspn(line + at, " ")));
	return NULL;
}

static bool is_swap(const struct host *host, const char *name)
{
	const char *path = arena_printf(host->arena, "/dev/%s ", name);
	char *text, *line;
	size_t len;

	if (host_read(host, "/proc/swaps", &text, &len) < 0)
		return false;
	while ((line = strsep(&text, "\n")))
		if (str_starts(line, path))
			return true;
	return false;
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

static const char *use_of(const struct host *host, const char *name)
{
	const char *where = mount_of(host, name), *held;

	if (where)
		return arena_printf(host->arena, "%s is mounted on %s", name, where);
	if (is_swap(host, name))
		return arena_printf(host->arena, "%s is swap", name);
	held = holder_text(host, name);
	return held ? held : kernel_use(host, name);
}

const char *uses_of_disk(const struct host *host, const char *name)
{
	struct strv all = with_partitions(host, name);

	for (size_t i = 0; i < all.n; i++) {
		const char *use = use_of(host, all.v[i]);

		if (use)
			return use;
	}
	return NULL;
}

static bool is_used_unclaimed(const struct host *host, const char *disk)
{
	struct strv all = with_partitions(host, disk);

	for (size_t i = 0; i < all.n; i++)
		if (kernel_use(host, all.v[i]))
			return true;
	return false;
}

/* A hook that looks at the disk for another VM has it for a moment, as this one does. */
#define LOOKS 20
#define LOOK_AGAIN 10 /* ms */

static int claim(const struct host *host, const char *name, const char *path, int deadline,
		 struct process *stuck)
{
	int fd = -EBUSY;

	for (int i = 0; i < LOOKS && fd == -EBUSY; i++) {
		if (i)
			clock_sleep(LOOK_AGAIN);
		fd = act_open(host, path, O_RDONLY | O_EXCL | O_NONBLOCK, deadline, stuck);
		if (fd == -EBUSY && uses_of_disk(host, name))
			break;
	}
	return fd;
}

/* sysfs has ! where a name has a slash (cciss!c0d0): kobject_set_name_vargs(). */
int uses_claim_disk(const struct host *host, const char *name, int deadline, struct process *stuck)
{
	char *path = arena_printf(host->arena, "/dev/%s", name);

	*stuck = (struct process){ 0 };
	for (char *p = path; (p = strchr(p, '!'));)
		*p = '/';
	if (is_used_unclaimed(host, name))
		return -EBUSY;
	return claim(host, name, path, deadline, stuck);
}
