/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/device.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "str.h"
#include "tests/tools/fakesys/tree.h"

static char *of(struct arena *a, const struct device *d, const char *name)
{
	return arena_printf(a, "%s/%s", d->backing, name);
}

int device_find(struct arena *a, const char *bus, const char *name, struct device *d)
{
	const char *path, *backing;

	if (!*name || strchr(name, '/'))
		return -ENODEV;
	path = tree_target(a, arena_printf(a, "/bus/%s/devices/%s", bus, name));
	backing = path ? tree_find(a, path) : NULL;
	if (!backing)
		return -ENODEV;
	*d = (struct device){ bus, name, path, backing };
	return 0;
}

const char *device_driver(struct arena *a, const struct device *d)
{
	return tree_link_name(a, of(a, d, "driver"));
}

/* ---- which driver is for it */

static char *driver_path(struct arena *a, const struct device *d, const char *driver)
{
	return arena_printf(a, "/bus/%s/drivers/%s", d->bus, driver);
}

static bool driver_exists(struct arena *a, const struct device *d, const char *driver)
{
	return *driver && tree_find(a, driver_path(a, d, driver));
}

/* driver_override, or NULL where it says nothing. */
static const char *override(struct arena *a, const struct device *d)
{
	const char *text = tree_text(a, of(a, d, "driver_override"));

	return !*text || str_eq(text, "(null)") ? NULL : text;
}

/* The first loaded driver among the words; or, if one is wanted, that one. */
static const char *pick(struct arena *a, const struct device *d, const char *words,
			const char *wanted)
{
	char *rest = arena_strdup(a, words), *word;

	while ((word = strsep(&rest, " ")))
		if (wanted ? str_eq(word, wanted) : driver_exists(a, d, word))
			return word;
	return NULL;
}

/* pci_match_device() of drivers/pci/pci-driver.c: an override leaves no other driver. */
static const char *match(struct arena *a, const struct device *d, const char *wanted)
{
	const char *only = override(a, d);

	return pick(a, d, only ? only : tree_text(a, of(a, d, ".home")), wanted);
}

/* ---- a VFIO group's node */

static bool is_vfio(const char *driver)
{
	return driver && strstr(driver, "vfio");
}

static bool group_in_use(struct arena *a, const char *group)
{
	const char *folder = arena_printf(a, "/kernel/iommu_groups/%s/devices", group);
	struct strv members = { 0 };

	tree_list(a, folder, &members);
	for (size_t i = 0; i < members.n; i++) {
		const char *path = arena_printf(a, "%s/%s", folder, members.v[i]);
		const struct device d = { .backing = tree_find(a, tree_target(a, path)) };

		if (is_vfio(device_driver(a, &d)))
			return true;
	}
	return false;
}

/* As devtmpfs does: root's, and new each time. A user can make a file only. */
static void make_node(struct arena *a, const char *backing, const char *group)
{
	const char *number = tree_hidden(a, arena_printf(a, "/devices/virtual/vfio/%s/dev", group));
	unsigned major = 0, minor = 0;

	sscanf(tree_text(a, number), "%u:%u", &major, &minor);
	if (mknod(backing, S_IFCHR | 0600, makedev(major, minor)) < 0 && errno == EPERM)
		mknod(backing, S_IFREG | 0600, 0);
}

void device_settle_group(struct arena *a, const struct device *d)
{
	const char *group = tree_link_name(a, of(a, d, "iommu_group"));
	char *shown, *hidden, *node;

	if (!group)
		return;
	shown = tree_hidden(a, arena_printf(a, "/devices/virtual/vfio/%s", group));
	hidden = tree_hidden(a, arena_printf(a, "/devices/virtual/vfio/.%s", group));
	node = tree_hidden(a, arena_printf(a, "/.dev/vfio/%s", group));
	if (!group_in_use(a, group)) {
		rename(shown, hidden);
		unlink(node);
	} else if (rename(hidden, shown) == 0) {
		make_node(a, node, group);
	}
}

/* ---- bind and unbind */

/* vfio_pci_core_register_device(), vfio_group_find_or_alloc(): endpoints with an IOMMU only. */
static bool refuses(struct arena *a, const struct device *d, const char *driver)
{
	return is_vfio(driver) && (str_starts(tree_text(a, of(a, d, "class")), "0x0604") ||
				   !tree_link_name(a, of(a, d, "iommu_group")));
}

/*
 * vfio_pci_core_register_device() and its counterpart call pm_runtime_allow() and
 * pm_runtime_forbid(), whatever the admin wrote.
 */
static void set_power(struct arena *a, const struct device *d, const char *value)
{
	if (*tree_text(a, of(a, d, "power/control")))
		tree_put(of(a, d, "power/control"), value);
}

static int attach(struct arena *a, const struct device *d, const char *driver)
{
	const char *folder = driver_path(a, d, driver), *backing = tree_find(a, folder);
	int rc;

	if (!backing)
		return -ENODEV;
	if (refuses(a, d, driver))
		return -EINVAL;
	rc = tree_link(a, of(a, d, "driver"), arena_printf(a, "%s/driver", d->path), folder);
	if (rc == 0)
		rc = tree_link(a, arena_printf(a, "%s/%s", backing, d->name),
			       arena_printf(a, "%s/%s", folder, d->name), d->path);
	if (is_vfio(driver))
		set_power(a, d, "auto");
	device_settle_group(a, d);
	return rc;
}

static void set_vfs(struct arena *a, const struct device *d, long wanted);

/* Drivers of physical functions call pci_disable_sriov() when they go. */
static void detach(struct arena *a, const struct device *d, const char *driver)
{
	if (tree_find(a, arena_printf(a, "%s/virtfn0", d->path)))
		set_vfs(a, d, 0);
	if (is_vfio(driver))
		set_power(a, d, "on");
	unlink(of(a, d, "driver"));
	unlink(arena_printf(a, "%s/%s", tree_hidden(a, driver_path(a, d, driver)), d->name));
	device_settle_group(a, d);
}

int device_bind(struct arena *a, const struct device *d, const char *driver)
{
	if (!match(a, d, driver))
		return -ENODEV;
	return device_driver(a, d) ? -EBUSY : attach(a, d, driver);
}

int device_unbind(struct arena *a, const struct device *d, const char *driver)
{
	const char *bound = device_driver(a, d);

	if (!bound || !str_eq(bound, driver))
		return -ENODEV;
	detach(a, d, driver);
	return 0;
}

/* bus_rescan_devices_helper(): that no driver took it, or one failed, is no error. */
int device_probe(struct arena *a, const struct device *d)
{
	const char *driver = match(a, d, NULL);

	if (driver && !device_driver(a, d))
		attach(a, d, driver);
	return 0;
}

/* ---- SR-IOV: sriov_numvfs_store() of drivers/pci/iov.c */

static void enable_vf(struct arena *a, const struct device *pf, const char *address)
{
	bool probe = !str_eq(tree_text(a, of(a, pf, "sriov_drivers_autoprobe")), "0");
	struct device vf;

	rename(of(a, pf, arena_printf(a, ".vfs/%s", address)),
	       of(a, pf, arena_printf(a, "../%s", address)));
	if (probe && device_find(a, pf->bus, address, &vf) == 0)
		device_probe(a, &vf);
}

static void disable_vf(struct arena *a, const struct device *pf, const char *address)
{
	struct device vf;
	const char *driver;

	if (device_find(a, pf->bus, address, &vf) < 0)
		return;
	driver = device_driver(a, &vf);
	if (driver)
		detach(a, &vf, driver);
	rename(vf.backing, of(a, pf, arena_printf(a, ".vfs/%s", address)));
}

static void set_vfs(struct arena *a, const struct device *d, long wanted)
{
	for (long i = 0;; i++) {
		const char *address = tree_link_name(a, of(a, d, arena_printf(a, "virtfn%ld", i)));
		if (!address)
			break;
		if (i < wanted)
			enable_vf(a, d, address);
		else
			disable_vf(a, d, address);
	}
	tree_put(of(a, d, "sriov_numvfs"), arena_printf(a, "%ld", wanted));
}

int device_set_vfs(struct arena *a, const struct device *d, const char *count)
{
	long now = strtol(tree_text(a, of(a, d, "sriov_numvfs")), NULL, 10), wanted;
	char *end;

	wanted = strtol(count, &end, 10);
	if (end == count || *end)
		return -EINVAL;
	if (wanted < 0 || wanted > strtol(tree_text(a, of(a, d, "sriov_totalvfs")), NULL, 10))
		return -ERANGE;
	if (wanted == now)
		return 0;
	if (!device_driver(a, d))
		return -ENOENT;
	if (wanted && now)
		return -EBUSY;
	set_vfs(a, d, wanted);
	return 0;
}

/* ---- remove and rescan. What is removed is TREE/.gone/ADDRESS, and its path ADDRESS.path. */

int device_remove(struct arena *a, const struct device *d)
{
	const char *driver = device_driver(a, d), *gone = tree_hidden(a, "/.gone");
	const char *to = arena_printf(a, "%s/%s", gone, d->name);

	if (driver)
		detach(a, d, driver);
	mkdir(gone, 0755);
	if (mknod(arena_printf(a, "%s.path", to), S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return -errno;
	tree_put(arena_printf(a, "%s.path", to), d->path);
	return rename(d->backing, to) < 0 ? -errno : 0;
}

static int find_again(struct arena *a, const char *name)
{
	const char *gone = tree_hidden(a, arena_printf(a, "/.gone/%s", name));
	const char *path = tree_text(a, arena_printf(a, "%s.path", gone));
	struct device d;

	if (rename(gone, tree_hidden(a, path)) < 0)
		return -errno;
	if (device_find(a, "pci", name, &d) < 0)
		return -ENODEV;
	tree_put(of(a, &d, "driver_override"), "(null)");
	return device_probe(a, &d);
}

int device_rescan(struct arena *a, const char *bus)
{
	DIR *dir = opendir(tree_hidden(a, "/.gone"));
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (str_starts(e->d_name, bus) && !str_ends(e->d_name, ".path"))
			find_again(a, e->d_name);
	if (dir)
		closedir(dir);
	return 0;
}
