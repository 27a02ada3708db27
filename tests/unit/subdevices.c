/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/subdevices.h"

#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "pcitree.h"

#define DEVICE "0000:05:00.0"

/* A device in a folder below the function, as its class shows it. */
static void device(const char *path, const char *dev, const char *class)
{
	const char *folder = pcitree_path(DEVICE, path);

	tree_file(arena_printf(&arena, "%s/dev", folder), arena_printf(&arena, "%s\n", dev));
	tree_link(arena_printf(&arena, "%s/subsystem", folder),
		  arena_printf(&arena, "../../../class/%s", class));
	/* reading it would take a lock: here it would hang the test */
	assert_int_equal(mkfifo(tree_path(arena_printf(&arena, "%s/uevent", folder)), 0600), 0);
}

static struct subdevices look(void)
{
	struct host host = tree_host();
	struct subdevices b;

	subdevices_read(&host, DEVICE, &b);
	return b;
}

static bool has(const struct nodes *nodes, const char *name, bool block, unsigned major,
		unsigned minor)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (strcmp(nodes->v[i].name, name) == 0)
			return nodes->v[i].block == block &&
			       nodes->v[i].dev == makedev(major, minor);
	return false;
}

static void a_gpu(void **state)
{
	struct subdevices b;

	(void)state;
	pcitree_function(DEVICE, NULL);
	pcitree_driver(DEVICE, "nouveau");
	device("drm/card0", "226:0", "drm");
	device("drm/renderD128", "226:128", "drm");
	device("graphics/fb0", "29:0", "graphics");
	tree_folder(pcitree_path(DEVICE, "graphics/power"));
	device("i2c-3/i2c-dev/i2c-3", "89:3", "i2c-dev");
	b = look();
	assert_int_equal(b.nodes.n, 4);
	assert_true(has(&b.nodes, "dri/card0", false, 226, 0));
	assert_true(has(&b.nodes, "dri/renderD128", false, 226, 128));
	assert_true(has(&b.nodes, "fb0", false, 29, 0));
	assert_true(has(&b.nodes, "i2c-3", false, 89, 3));
	assert_int_equal(b.framebuffers.n, 1);
	assert_text(b.framebuffers.v[0], "fb0");
	assert_int_equal(b.disks.n, 0);
	assert_int_equal(b.interfaces.n, 0);
}

#define SCSI "ata1/host0/target0:0:0/0:0:0:0/block/"

static void disks(void **state)
{
	struct subdevices b;

	(void)state;
	pcitree_function(DEVICE, NULL);
	device(SCSI "sda", "8:0", "block");
	device(SCSI "sda/sda1", "8:1", "block");
	pcitree_file(DEVICE, SCSI "sda/sda1/partition", "1\n");
	device("virtio3/block/vdc", "254:32", "block");
	device("ata1/host0/target0:0:0/0:0:0:0/bsg/0:0:0:0", "246:0", "bsg");
	b = look();
	assert_int_equal(b.nodes.n, 4);
	assert_true(has(&b.nodes, "sda", true, 8, 0));
	assert_true(has(&b.nodes, "sda1", true, 8, 1));
	assert_true(has(&b.nodes, "vdc", true, 254, 32));
	assert_true(has(&b.nodes, "bsg/0:0:0:0", false, 246, 0));
	assert_int_equal(b.disks.n, 2);
	assert_text(b.disks.v[0], "sda");
	assert_text(b.disks.v[1], "vdc");
}

#define HUBS "usb1/1-1/1-1.1/1-1.1.1/1-1.1.1.1/1-1.1.1.1.1/1-1.1.1.1.1.1/1-1.1.1.1.1.1:1.0/"

static const struct name_row {
	const char *name, *path, *class, *want;
} name_rows[] = {
	{ "sound", "sound/card1/pcmC1D0p", "sound", "snd/pcmC1D0p" },
	{ "input", "usb1/1-4/1-4:1.0/0003:046D:C52B.0001/input/input7/event5", "input",
	  "input/event5" },
	{ "a graphics card", "drm/renderD128", "drm", "dri/renderD128" },
	{ "a USB device", "usb3/3-1", "usb", "bus/usb/003/014" },
	{ "a serial line", "usb3/3-1/3-1:1.0/ttyUSB0/tty/ttyUSB0", "tty", "ttyUSB0" },
	{ "VFIO's own", "vfio-dev/vfio3", "vfio-dev", "vfio/devices/vfio3" },
};

static void names_of_nodes(void **state)
{
	const struct name_row *row = *state;

	pcitree_function(DEVICE, NULL);
	pcitree_file(DEVICE, "usb3/3-1/busnum", "3\n");
	pcitree_file(DEVICE, "usb3/3-1/devnum", "14\n");
	device(row->path, "189:7", row->class);
	assert_true(has(&(struct nodes){ look().nodes.v, 1 }, row->want, false, 189, 7));
}

static void behind_hubs(void **state)
{
	struct subdevices b;

	(void)state;
	pcitree_function(DEVICE, NULL);
	device(HUBS "host9/target9:0:0/9:0:0:0/block/sdz", "65:144", "block");
	device(HUBS "host9/target9:0:0/9:0:0:0/block/sdz/sdz1", "65:145", "block");
	b = look();
	assert_true(has(&b.nodes, "sdz1", true, 65, 145));
}

/* What a switch has below it are other functions; a link leads out of the device. */
static void not_what_is_not_its_own(void **state)
{
	(void)state;
	pcitree_function(DEVICE, NULL);
	tree_folder("sys/devices/virtual/block/dm-0");
	tree_file("sys/devices/virtual/block/dm-0/dev", "253:0\n");
	device("0000:06:00.0/virtio9/block/vdx", "254:1", "block");
	device("power/odd", "1:1", "odd");
	device("iommu/odd", "1:1", "odd");
	device("msi_irqs/odd", "1:1", "odd");
	tree_link(pcitree_path(DEVICE, "holder"), "../../virtual/block/dm-0");
	assert_int_equal(look().nodes.n, 0);
}

static void interfaces(void **state)
{
	struct subdevices b;

	(void)state;
	pcitree_function(DEVICE, NULL);
	pcitree_file(DEVICE, "net/eth1/queues/rx-0/rps_cpus", "0\n");
	pcitree_file(DEVICE, "virtio0/net/eth0/ifindex", "2\n");
	pcitree_file(DEVICE, "net/power/ifindex", "3\n");
	device("ptp/ptp0", "249:0", "ptp");
	b = look();
	assert_int_equal(b.interfaces.n, 3);
	assert_text(b.interfaces.v[0], "eth0");
	assert_text(b.interfaces.v[1], "eth1");
	assert_text(b.interfaces.v[2], "power");
	assert_int_equal(b.nodes.n, 1);
}

/* The shape that nvme-core gives: a hidden path below, the head in the subsystem. */
static void multipath(void **state)
{
	static const char subsystem[] = "sys/devices/virtual/nvme-subsystem/nvme-subsys1";
	struct subdevices b;

	(void)state;
	pcitree_function(DEVICE, NULL);
	device("nvme/nvme1", "242:1", "nvme");
	tree_folder(pcitree_path(DEVICE, "nvme/nvme1/nvme1c1n1"));
	tree_file(arena_printf(&arena, "%s/nvme1n1/dev", subsystem), "259:0\n");
	tree_link(arena_printf(&arena, "%s/nvme1n1/subsystem", subsystem),
		  "../../../../../class/block");
	tree_file(arena_printf(&arena, "%s/nvme1n1/nvme1n1p1/dev", subsystem), "259:1\n");
	tree_link(arena_printf(&arena, "%s/nvme1n1/nvme1n1p1/subsystem", subsystem),
		  "../../../../../../class/block");
	tree_file(arena_printf(&arena, "%s/nvme1n1/nvme1n1p1/partition", subsystem), "1\n");
	tree_link(arena_printf(&arena, "%s/nvme1", subsystem),
		  "../../../pci0000:00/" DEVICE "/nvme/nvme1");
	tree_folder("sys/class/nvme-subsystem");
	tree_link("sys/class/nvme-subsystem/nvme-subsys1",
		  "../../devices/virtual/nvme-subsystem/nvme-subsys1");
	tree_file("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/dev", "259:9\n");
	tree_link("sys/class/nvme-subsystem/nvme-subsys0",
		  "../../devices/virtual/nvme-subsystem/nvme-subsys0");
	b = look();
	assert_int_equal(b.nodes.n, 3);
	assert_true(has(&b.nodes, "nvme1", false, 242, 1));
	assert_true(has(&b.nodes, "nvme1n1", true, 259, 0));
	assert_true(has(&b.nodes, "nvme1n1p1", true, 259, 1));
	assert_int_equal(b.disks.n, 1);
	assert_text(b.disks.v[0], "nvme1n1");
}

static const struct nvidia {
	const char *name, *driver;
	size_t nodes;
} nvidias[] = {
	{ "nvidia's driver has a node that sysfs does not show", "nvidia", 1 },
	{ "but not once another driver has the function", "vfio-pci", 0 },
};

static void nvidia(void **state)
{
	const struct nvidia *row = *state;
	struct subdevices b;

	pcitree_function(DEVICE, NULL);
	pcitree_driver(DEVICE, row->driver);
	tree_file("proc/driver/nvidia/gpus/" DEVICE "/information",
		  "Model: \t\t NVIDIA GeForce GTX 1080 Ti\nIRQ:   \t\t 34\n"
		  "Bus Location: \t 0000:05:00.0\nDevice Minor: \t 2\nGPU Excluded:\t No\n");
	b = look();
	assert_int_equal(b.nodes.n, row->nodes);
	if (row->nodes)
		assert_true(has(&b.nodes, "nvidia2", false, 195, 2));
}

static void vfio(void **state)
{
	struct host host = tree_host();
	struct subdevices b;

	(void)state;
	pcitree_function(DEVICE, NULL);
	pcitree_driver(DEVICE, "vfio-pci");
	device("vfio-dev/vfio0", "511:0", "vfio-dev");
	tree_folder("sys/class/vfio");
	tree_file("sys/devices/virtual/vfio/11/dev", "236:0\n");
	tree_link("sys/class/vfio/11", "../../devices/virtual/vfio/11");
	b = look();
	subdevices_add_vfio(&host, 11, &b.nodes);
	subdevices_add_vfio(&host, 12, &b.nodes);
	assert_int_equal(b.nodes.n, 2);
	assert_true(has(&b.nodes, "vfio/devices/vfio0", false, 511, 0));
	assert_true(has(&b.nodes, "vfio/11", false, 236, 0));
}

static void nothing(void **state)
{
	struct host host = tree_host();
	struct subdevices b;

	(void)state;
	assert_int_equal(subdevices_read(&host, DEVICE, &b), -ENOENT);
	assert_int_equal(b.nodes.n, 0);
}

/* As when no descriptor is left. */
static void not_to_be_read(void **state)
{
	struct host host = tree_host();
	struct rlimit limit, few;
	struct subdevices b;
	int next = dup(0);

	(void)state;
	close(next);
	pcitree_function(DEVICE, NULL);
	device("drm/card0", "226:0", "drm");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = (rlim_t)next + 1;
	setrlimit(RLIMIT_NOFILE, &few);
	assert_int_equal(subdevices_read(&host, DEVICE, &b), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(subdevices_read(&host, DEVICE, &b), 0);
	assert_int_equal(b.nodes.n, 1);
}

int main(void)
{
	TREE_TEST("a GPU's nodes and framebuffer", a_gpu);
	TREE_TEST("disks, their partitions and what else is there", disks);
	TREE_ROWS(name_rows, names_of_nodes);
	TREE_TEST("a disk behind many hubs", behind_hubs);
	TREE_TEST("neither other functions nor what links lead to", not_what_is_not_its_own);
	TREE_TEST("network interfaces, sorted, whatever their name", interfaces);
	TREE_TEST("NVMe's multipath head", multipath);
	TREE_ROWS(nvidias, nvidia);
	TREE_TEST("vfio's nodes of group and function", vfio);
	TREE_TEST("a function that is not there", nothing);
	TREE_TEST("what cannot be read is not nothing", not_to_be_read);
	return unit_run("below");
}
