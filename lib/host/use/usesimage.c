/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk of pass-disk. This runs in the wrapper too: as the user of QEMU, maybe in a mount
 * namespace of libvirt's, with a /dev that has only the devices of this VM. Therefore the claim
 * (O_EXCL) comes first: the kernel answers it for all mount namespaces, and also if /sys and
 * /proc cannot be read. A disk that this user cannot open is not for QEMU either.
 */
#include "host/use/usesimage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "host/use/usesdisk.h"
#include "root.h"
#include "str.h"

const char *uses_block_name(const struct host *host, dev_t dev)
{
	return sysfs_link(host, arena_printf(host->arena, "/sys/dev/block/%u:%u", major(dev),
					     minor(dev)));
}

/* ---- a disk ---- */

static int claim(void *user)
{
	int fd = open(user, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static const char *disk_use(const struct host *host, const char *path, dev_t dev)
{
	const char *name = uses_block_name(host, dev), *use = NULL;
	_cleanup_fd_ int fd = uses_claim_again(host, name, claim, (void *)path);

	if (name)
		use = fd >= 0 ? uses_unclaimed(host, name) : uses_of_disk(host, name);
	if (!use && fd == -EBUSY)
		use = uses_unseen_text(host->arena, name ? name : path);
	return use;
}

/* ---- a file ---- */

struct image {
	const char *path; /* as realpath(3) says */
	const struct stat *st;
};

/*
 * A file of another name is not looked at: it may be on a server that does not answer. The
 * kernel adds " (deleted)" to the name of a file that has none any more (d_path()).
 */
static bool is_same(const struct image *image, const char *path)
{
	const char *slash = strrchr(path, '/'), *mine = strrchr(image->path, '/');
	struct statx st;

	if (str_eq(path, image->path))
		return true;
	if (!slash || !mine || !str_eq(slash, mine))
		return false;
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) == 0 &&
	       st.stx_ino == image->st->st_ino &&
	       makedev(st.stx_dev_major, st.stx_dev_minor) == image->st->st_dev;
}

static const char *loop_over(const struct host *host, const struct image *image)
{
	struct strv disks = { 0 };

	sysfs_list(host, "/sys/block", &disks);
	for (size_t i = 0; i < disks.n; i++) {
		const char *path =
			str_starts(disks.v[i], "loop")
				? sysfs_text(host, arena_printf(host->arena,
								"/sys/block/%s/loop/backing_file",
								disks.v[i]))
				: NULL;

		if (path && is_same(image, path))
			return arena_printf(host->arena, "%s is the backing file of %s",
					    image->path, disks.v[i]);
	}
	return NULL;
}

/* Columns: path, type, … (mm/swapfile.c); the path as in the mount table. */
static const char *swap_file(const struct host *host, const struct image *image)
{
	char *text, *line;
	size_t len;

	if (host_read(host, "/proc/swaps", &text, &len) < 0)
		return NULL;
	while ((line = strsep(&text, "\n"))) {
		line[strcspn(line, " \t")] = '\0';
		if (*line == '/' && is_same(image, line))
			return arena_printf(host->arena, "%s is swap", image->path);
	}
	return NULL;
}

static const char *file_use(const struct host *host, const char *path, const struct stat *st)
{
	char *real = realpath(path, NULL);
	struct image image = { real ? arena_strdup(host->arena, real) : path, st };
	const char *use = loop_over(host, &image);

	free(real);
	return use ? use : swap_file(host, &image);
}

const char *uses_of_image(const struct host *host, const char *path, const struct stat *st)
{
	if (S_ISBLK(st->st_mode))
		return disk_use(host, path, st->st_rdev);
	return S_ISREG(st->st_mode) ? file_use(host, path, st) : NULL;
}
