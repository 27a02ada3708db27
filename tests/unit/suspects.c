/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/suspects.h"

#include <sys/sysmacros.h>

#include "host/process/holders.h"
#include "tree.h"

#define DISK "0000:03:00.0"
#define NIC "0000:04:00.0"
#define GPU "0000:01:00.0"

static struct suspects found(struct open_device *open, size_t n)
{
	struct opendevices opens = { .v = open, .n = n };
	struct host host = tree_host();
	struct suspects s;

	suspects_find(&host, &opens, &s);
	return s;
}

static void link_to(const char *link, const char *path)
{
	tree_folder(arena_strndup(&arena, link, (size_t)(strrchr(link, '/') - link)));
	tree_link(link, arena_printf(&arena, "../../../devices/%s", path));
}

static void disks_and_interfaces(void **state)
{
	struct suspects s;

	(void)state;
	link_to("sys/class/net/lo", "virtual/net/lo");
	link_to("sys/class/net/eth0", "pci0000:00/0000:00:01.0/" NIC "/net/eth0");
	link_to("sys/class/block/sda1", "pci0000:00/" DISK "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1");
	link_to("sys/class/nvme/nvme0", "pci0000:00/0000:05:00.0/nvme/nvme0");
	s = found(NULL, 0);
	assert_true(suspects_has(&s, DISK, -1));
	assert_true(suspects_has(&s, NIC, -1));
	assert_true(suspects_has(&s, "0000:05:00.0", -1));
	assert_false(suspects_has(&s, "0000:00:01.0", -1));
	assert_false(suspects_has(&s, GPU, -1));
}

static void open_devices(void **state)
{
	struct open_device open[] = {
		{ .dev = makedev(226, 1), .pid = 7 }, { .dev = makedev(1, 3), .pid = 7 },
		{ .dev = makedev(226, 1), .pid = 8 }, { .dev = makedev(136, 0), .pid = 8 },
		{ .dev = makedev(240, 11), .pid = 9 },
		{ .dev = makedev(8, 1), .block = true, .pid = 9 }, { .dev = makedev(1, 0), .block = true, .pid = 9 },
		{ .dev = makedev(145, 0), .pid = 9 }, { .dev = makedev(5, 0), .pid = 9 },
	};
	struct suspects s;

	(void)state;
	link_to("sys/dev/char/226:1", "pci0000:00/0000:00:01.0/" GPU "/drm/card1");
	link_to("sys/dev/char/240:11", "virtual/vfio/11");
	link_to("sys/dev/char/145:0", "virtual/misc/x");
	link_to("sys/dev/block/1:0", "virtual/block/ram0");
	link_to("sys/dev/block/8:1", "pci0000:00/" DISK "/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1");
	s = found(open, UNIT_COUNT(open));
	assert_int_equal(s.addresses.n, 2);
	assert_true(suspects_has(&s, GPU, -1));
	assert_true(suspects_has(&s, DISK, -1));
	assert_true(suspects_has(&s, NIC, 11));
	assert_false(suspects_has(&s, NIC, 1));
	assert_false(suspects_has(&s, NIC, -1));
}

static void what_cannot_be_told(void **state)
{
	struct open_device open[] = { { .dev = makedev(8, 1), .block = true, .pid = 7 } };
	struct suspects s = found(open, 1);

	(void)state;
	assert_true(suspects_has(&s, GPU, -1));
}

int main(void)
{
	TREE_TEST("what has a disk or an interface, and no bridge above it", disks_and_interfaces);
	TREE_TEST("what a process has open, and VFIO's groups", open_devices);
	TREE_TEST("an open device that /sys does not know may be of any", what_cannot_be_told);
	return unit_run("suspects");
}
