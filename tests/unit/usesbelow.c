/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host uses of a USB device and of a virtio function. */
#include "host/use/usesusb.h"

#include "host/pci/subdevices.h"
#include "host/usb.h"
#include "host/use/usesvirtio.h"
#include "str.h"
#include "blocktree.h"
#include "tree.h"

#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

/* USB devices. */

static void tells_the_use_of_a_usb_device(void **state)
{
	struct usb_device stick = { .port = "1-2" }, dongle = { .port = "1-3" };
	struct host host = tree_host();
	struct subdevices below;
	struct strv uses = { 0 };

	(void)state;
	disk("sdb", "8:16\n");
	partition("sdb", "sdb1", "8:17\n");
	tree_file("sys/bus/usb/devices/1-2/1-2:1.0/host7/target7:0:0/7:0:0:0/block/sdb/dev", "8:16\n");
	tree_link("sys/bus/usb/devices/1-2/1-2:1.0/host7/target7:0:0/7:0:0:0/block/sdb/subsystem",
		  "../../../../../../../../../class/block");
	tree_folder("sys/bus/usb/devices/1-3/1-3:1.0/net/enx1");
	tree_folder("sys/class/net/enx1");
	uses_of_usb(&host, &stick, &below, &uses);
	assert_int_equal(below.disks.n, 1);
	assert_int_equal(uses.n, 0);
	tree_file("proc/self/mountinfo", "36 25 8:17 / /media rw - vfat /dev/sdb1 rw\n");
	uses_of_usb(&host, &stick, &below, &uses);
	assert_int_equal(uses.n, 1);
	assert_text(uses.v[0], "sdb1 is mounted on /media");
	uses.n = 0;
	uses_of_usb(&host, &dongle, &below, &uses);
	assert_int_equal(uses.n, 0);
	tree_file("proc/net/route", ROUTES "enx1\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
	uses_of_usb(&host, &dongle, &below, &uses);
	assert_int_equal(uses.n, 1);
	assert_text(uses.v[0], "enx1 carries the default route");
}

/* 9p and virtiofs. */

static const struct virtio_row {
	const char *name, *driver, *mount_tag, *fs_tag, *mountinfo, *want;
} virtio_rows[] = {
	{ "9p that nobody mounts", "9pnet_virtio", "data", NULL, "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" },
	{ "9p", "9pnet_virtio", "data", NULL, "36 25 0:30 / /srv rw shared:1 - 9p data rw,access=client,trans=virtio\n",
	  "data (9p) is mounted on /srv" },
	{ "another tag", "9pnet_virtio", "data", NULL, "36 25 0:30 / /srv rw - 9p data2 rw,trans=virtio\n" },
	{ "9p over TCP", "9pnet_virtio", "data", NULL, "36 25 0:30 / /srv rw - 9p data rw,trans=tcp,port=564\n" },
	{ "a tag with a blank", "9pnet_virtio", "my data", NULL, "36 25 0:30 / /srv rw - 9p my\\040data rw,trans=virtio\n",
	  "my data (9p) is mounted on /srv" },
	{ "9p whose tag is unknown", "9pnet_virtio", NULL, NULL, "36 25 0:30 / /srv rw - 9p x rw,trans=virtio\n",
	  "x (9p) is mounted on /srv" },
	{ "virtiofs with the device of its tag", "virtiofs", NULL, "data", "36 25 0:30 / /srv rw - virtiofs data rw\n",
	  "data (virtiofs) is mounted on /srv" },
	{ "another tag of virtiofs", "virtiofs", NULL, "data", "36 25 0:30 / /srv rw - virtiofs other rw\n" },
	{ "virtiofs of an older kernel", "virtiofs", NULL, NULL, "36 25 0:30 / /srv rw - virtiofs other rw\n",
	  "other (virtiofs) is mounted on /srv" },
	{ "a virtio disk has no tag", "virtio_blk", NULL, NULL, "36 25 0:30 / /srv rw - virtiofs other rw\n" },
	{ "virtiofs without a driver", NULL, NULL, NULL, "36 25 0:30 / /srv rw - virtiofs other rw\n" },
};

static void tells_the_mounts_of_virtio(void **state)
{
	const struct virtio_row *row = *state;
	struct host host = tree_host();
	struct strv uses = { 0 };

	tree_folder("sys/bus/pci/devices/0000:03:00.0/virtio3");
	if (row->driver)
		tree_link("sys/bus/pci/devices/0000:03:00.0/virtio3/driver",
			  arena_printf(&arena, "../../bus/virtio/drivers/%s", row->driver));
	if (row->mount_tag)
		tree_file("sys/bus/pci/devices/0000:03:00.0/virtio3/mount_tag", row->mount_tag);
	if (row->fs_tag) {
		tree_file("sys/fs/virtiofs/0/tag", arena_printf(&arena, "%s\n", row->fs_tag));
		tree_link("sys/fs/virtiofs/0/device", "../../../devices/x/virtio3");
	}
	tree_file("proc/self/mountinfo", row->mountinfo);
	uses_of_virtio(&host, "0000:03:00.0", &uses);
	assert_int_equal(uses.n, row->want ? 1 : 0);
	if (row->want)
		assert_text(uses.v[0], row->want);
}

int main(void)
{
	TREE_TEST("a USB device is used by its disks and interfaces", tells_the_use_of_a_usb_device);
	TREE_ROWS(virtio_rows, tells_the_mounts_of_virtio);
	return unit_run("usesbelow");
}
