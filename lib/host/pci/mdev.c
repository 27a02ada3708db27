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
#include "host/pci/subdevices.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

const char *mdev_path(struct arena *a, const char *uuid)
{
	return arena_printf(a, "/sys/bus/mdev/devices/%s", uuid);
}

bool mdev_exists(const struct host *host, const char *uuid)
{
	return sysfs_has_at(AT_FDCWD, root_path(host, mdev_path(host->arena, uuid)));
}

bool mdev_is_gone(const struct host *host, const char *uuid)
{
	return sysfs_lacks(host, mdev_path(host->arena, uuid));
}

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
	return arena_printf(a, "%s/remove", mdev_path(a, uuid));
}

int mdev_available(const struct host *host, const char *parent, const char *type)
{
	const char *path = type_path(host->arena, parent, type, "available_instances");
	const char *text = sysfs_text_at(host->arena, AT_FDCWD, root_path(host, path));

	return text ? atoi(text) : -ENOENT;
}

/* Its folder is in the parent's: …/0000:05:00.0/UUID. */
const char *mdev_parent(const struct host *host, const char *uuid)
{
	char path[PATH_MAX];
	ssize_t len = readlink(root_path(host, mdev_path(host->arena, uuid)), path,
			       sizeof(path) - 1);
	const char *parent;
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	parent = basename(path);
	return pci_is_address(parent) ? arena_strdup(host->arena, parent) : NULL;
}

int mdev_group(const struct host *host, const char *uuid)
{
	const char *link =
		arena_printf(host->arena, "%s/iommu_group", mdev_path(host->arena, uuid));
	const char *group = sysfs_link_at(host->arena, AT_FDCWD, root_path(host, link));

	return group ? atoi(group) : -1;
}

int mdev_nodes(const struct host *host, const char *uuid, struct nodes *nodes)
{
	int group = mdev_group(host, uuid), rc;
	struct subdevices b = { 0 };

	rc = group < 0 ? 0 : subdevices_add_vfio(host, group, nodes);
	if (rc == 0)
		rc = subdevices_below(host, mdev_path(host->arena, uuid), &b);
	for (size_t i = 0; i < b.nodes.n; i++)
		*arena_push(host->arena, nodes->v, nodes->n, nodes->cap) = b.nodes.v[i];
	if (rc == -ENOENT || rc == -ENODEV)
		return 0;
	return rc == 0 && group < 0 && !b.nodes.n && !mdev_is_gone(host, uuid) ? -EIO : rc;
}

void mdev_types(const struct host *host, const char *parent, struct strv *types)
{
	sysfs_list(host, types_path(host->arena, parent), types);
}

void mdev_list(const struct host *host, struct strv *uuids)
{
	sysfs_list(host, "/sys/bus/mdev/devices", uuids);
}
