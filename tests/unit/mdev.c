/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/mdev.h"

#include "pcitree.h"
#include "str.h"

#define GPU "0000:05:00.0"
#define UUID "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define OTHER "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define TYPES "mdev_supported_types/"

static void parents(void)
{
	pcitree_function(GPU, NULL);
	pcitree_file(GPU, TYPES "nvidia-47/available_instances", "3\n");
	pcitree_file(GPU, TYPES "nvidia-46/available_instances", "0\n");
	tree_file("sys/devices/virtual/mtty/mtty/" TYPES "mtty-1/available_instances", "24\n");
	tree_folder("sys/class/mdev_bus");
	tree_link("sys/class/mdev_bus/mtty", "../../devices/virtual/mtty/mtty");
	tree_folder("sys/kernel/iommu_groups/31");
	tree_folder("sys/bus/mdev/devices");
}

static void device(const char *uuid, const char *parent)
{
	tree_folder(arena_printf(&arena, "sys/devices/%s/%s", parent, uuid));
	tree_link(arena_printf(&arena, "sys/bus/mdev/devices/%s", uuid),
		  arena_printf(&arena, "../../../devices/%s/%s", parent, uuid));
}

static void types(void **state)
{
	struct host host = tree_host();
	struct strv types = { 0 };

	(void)state;
	parents();
	mdev_types(&host, GPU, &types);
	assert_int_equal(types.n, 2);
	assert_text(types.v[0], "nvidia-46");
	assert_text(types.v[1], "nvidia-47");
	mdev_types(&host, "0000:06:00.0", &types);
	assert_int_equal(types.n, 2);
}

static const struct room {
	const char *name, *parent, *type;
	int want;
} rooms[] = {
	{ "a type with room", GPU, "nvidia-47", 3 },
	{ "a type without", GPU, "nvidia-46", 0 },
	{ "no such type", GPU, "nvidia-48", -ENOENT },
	{ "no such parent", "0000:06:00.0", "nvidia-47", -ENOENT },
	{ "a parent that is not PCI", "mtty", "mtty-1", 24 },
};

static void tells_room(void **state)
{
	const struct room *row = *state;
	struct host host = tree_host();

	parents();
	assert_int_equal(mdev_available(&host, row->parent, row->type), row->want);
}

static void a_device(void **state)
{
	struct host host = tree_host();

	(void)state;
	parents();
	device(UUID, "pci0000:00/" GPU);
	tree_link("sys/devices/pci0000:00/" GPU "/" UUID "/iommu_group",
		  "../../../../kernel/iommu_groups/31");
	assert_text(mdev_parent(&host, UUID), GPU);
	assert_int_equal(mdev_group(&host, UUID), 31);
}

static void a_sample(void **state)
{
	struct host host = tree_host();

	(void)state;
	parents();
	device(UUID, "virtual/mtty/mtty");
	assert_text(mdev_parent(&host, UUID), NULL);
	assert_int_equal(mdev_group(&host, UUID), -1);
	assert_text(mdev_parent(&host, OTHER), NULL);
	assert_int_equal(mdev_group(&host, OTHER), -1);
}

static void paths(void **state)
{
	(void)state;
	assert_text(mdev_create_path(&arena, GPU, "nvidia-47"),
		    "/sys/bus/pci/devices/" GPU "/mdev_supported_types/nvidia-47/create");
	assert_text(mdev_create_path(&arena, "mtty", "mtty-1"),
		    "/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create");
	assert_text(mdev_remove_path(&arena, UUID), "/sys/bus/mdev/devices/" UUID "/remove");
}

int main(void)
{
	TREE_TEST("the types of a parent, sorted", types);
	TREE_ROWS(rooms, tells_room);
	TREE_TEST("a device's parent and group", a_device);
	TREE_TEST("a device whose parent is not PCI, or that is not there", a_sample);
	UNIT_TEST("paths", paths);
	return unit_run("mdev");
}
