/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/mdev.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

/* All parents are in the class mdev_bus; a PCI function is found without it too. */
static const char *types_path(struct arena *a, const char *parent)
{
	const char *folder = pci_is_address(parent) ? PCI_DEVICES : "/sys/class/mdev_bus";

	return arena_printf(a, "%s/%s/mdev_supported_types", folder, parent);
}

static const char *type_path(struct arena *a, const char *parent, const char *type,
			     const char *name)
{
	return arena_printf(a, "%s/%s/%s", types_path(a, parent), type, name);
}

const char *mdev_create_path(struct arena *a, const char *parent, const char *type)
{
	return type_path(a, parent, type, "create");
}

const char *mdev_remove_path(struct arena *a, const char *uuid)
{
	return arena_printf(a, "%s/remove", host_mdev_path(a, uuid));
}

int mdev_available(struct arena *a, const struct root *r, const char *parent, const char *type)
{
	const char *path = type_path(a, parent, type, "available_instances");
	const char *text = sysfs_text_at(a, AT_FDCWD, root_path(a, r, path));

	return text ? atoi(text) : -ENOENT;
}

/* Its folder is in the parent's: …/0000:05:00.0/UUID. */
const char *mdev_parent(struct arena *a, const struct root *r, const char *uuid)
{
	char path[PATH_MAX];
	ssize_t len = readlink(root_path(a, r, host_mdev_path(a, uuid)), path, sizeof(path) - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	slash = strrchr(path, '/');
	return slash && pci_is_address(slash + 1) ? arena_strdup(a, slash + 1) : NULL;
}

int mdev_group(struct arena *a, const struct root *r, const char *uuid)
{
	const char *link = arena_printf(a, "%s/iommu_group", host_mdev_path(a, uuid));
	const char *group = sysfs_link_at(a, AT_FDCWD, root_path(a, r, link));

	return group ? atoi(group) : -1;
}

void mdev_types(struct arena *a, const struct root *r, const char *parent, struct strv *types)
{
	sysfs_list(a, r, types_path(a, parent), types);
}

void mdev_list(struct arena *a, const struct root *r, struct strv *uuids)
{
	sysfs_list(a, r, "/sys/bus/mdev/devices", uuids);
}
