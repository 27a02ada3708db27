/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/mdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "str.h"
#include "tests/tools/fakesys/device.h"
#include "tests/tools/fakesys/tree.h"

static char *in(struct arena *a, const char *folder, const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static void make_file(const char *backing, mode_t mode)
{
	int fd = open(backing, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	if (fd >= 0)
		close(fd);
}

static void change_instances(struct arena *a, const char *type, long by)
{
	char *available = in(a, tree_find(a, type), "available_instances");

	tree_put(available, arena_printf(a, "%ld", strtol(tree_text(a, available), NULL, 10) + by));
}

/* The first of the groups at hand that has no device. */
static const char *free_group(struct arena *a)
{
	for (int group = 900;; group++) {
		const char *folder = arena_printf(a, "/kernel/iommu_groups/%d/devices", group);
		struct strv devices = { 0 };

		if (!tree_find(a, folder))
			return NULL;
		tree_list(a, folder, &devices);
		if (!devices.n)
			return arena_printf(a, "%d", group);
	}
}

static void join_group(struct arena *a, const char *path, const char *backing, const char *group)
{
	const char *folder = arena_printf(a, "/kernel/iommu_groups/%s", group);
	const char *member = arena_printf(a, "%s/devices/%s", folder, path_name(path));
	struct device d;

	tree_link(a, in(a, backing, "iommu_group"), in(a, path, "iommu_group"), folder);
	tree_link(a, tree_hidden(a, member), member, path);
	if (device_find(a, "mdev", path_name(path), &d) == 0)
		device_settle_group(a, &d);
}

/* Links that lead to a device which is gone are not shown, but would be in the next one's way. */
static void drop_links(struct arena *a, const char *path)
{
	static const char *const places[] = { "/bus/mdev/devices", "/bus/mdev/drivers/vfio_mdev" };
	const char *group = tree_link_name(a, in(a, tree_find(a, path), "iommu_group"));

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		unlink(tree_hidden(a, in(a, places[i], path_name(path))));
	if (group)
		unlink(tree_hidden(a, arena_printf(a, "/kernel/iommu_groups/%s/devices/%s", group,
						   path_name(path))));
}

int mdev_create(struct arena *a, const char *path, const char *uuid)
{
	const char *type = path_folder(a, path);
	const char *parent = path_folder(a, path_folder(a, type));
	const char *new = in(a, parent, uuid), *group = free_group(a), *backing, *bus;

	if (!str_uuid(a, uuid))
		return -EINVAL;
	bus = in(a, "/bus/mdev/devices", uuid);
	if (tree_find(a, bus))
		return -EEXIST;
	if (!group || str_eq(tree_text(a, in(a, tree_find(a, type), "available_instances")), "0"))
		return -EUSERS;
	/* beside the types, which may hang below the driver: it goes with them */
	backing = in(a, path_folder(a, path_folder(a, tree_find(a, type))), uuid);
	if (mkdir(backing, 0755) < 0)
		return -errno;
	make_file(in(a, backing, "remove"), 0200);
	tree_link(a, in(a, backing, "mdev_type"), in(a, new, "mdev_type"), type);
	tree_link(a, in(a, backing, "driver"), in(a, new, "driver"), "/bus/mdev/drivers/vfio_mdev");
	tree_link(a, tree_hidden(a, bus), bus, new);
	join_group(a, new, backing, group);
	change_instances(a, type, -1);
	return 0;
}

int mdev_remove(struct arena *a, const char *path, const char *text)
{
	static const char *const files[] = { "remove", "mdev_type", "driver", "iommu_group" };
	const char *gone = path_folder(a, path), *backing = tree_find(a, gone);
	const char *type = backing ? tree_target(a, in(a, gone, "mdev_type")) : NULL;
	struct device d;

	if (!type)
		return -ENODEV;
	if (!str_eq(text, "1"))
		return -EINVAL;
	if (device_find(a, "mdev", path_name(gone), &d) < 0)
		return -ENODEV;
	change_instances(a, type, 1);
	drop_links(a, gone);
	device_settle_group(a, &d);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(in(a, backing, files[i]));
	return rmdir(backing) < 0 ? -errno : 0;
}
