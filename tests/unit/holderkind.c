/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of device a program has open, by what sysfs says about its node. */
#include "device/holderkind.h"

#include "unit.h"

static const struct row {
	const char *name, *subsystem, *node;
	enum holder_kind want;
	bool block;
} rows[] = {
	{ "a disk", "block", "nvme0n1", HOLDER_DISK, true },
	{ "a block device without a subsystem", NULL, "sda", HOLDER_DISK, true },
	{ "the commands of a disk", "scsi_generic", "sg0", HOLDER_DISK },
	{ "of an NVMe controller", "nvme", "nvme0", HOLDER_DISK },
	{ "of an NVMe namespace", "nvme-generic", "ng0n1", HOLDER_DISK },
	{ "of a SCSI host", "bsg", "0:0:0:0", HOLDER_DISK },
	{ "a tape", "scsi_tape", "nst0", HOLDER_DISK },
	{ "the clock of a network card", "ptp", "ptp0", HOLDER_NET },
	{ "RDMA", "infiniband_verbs", "uverbs0", HOLDER_NET },
	{ "a graphics card", "drm", "card0", HOLDER_DRM },
	{ "its renderer", "drm", "renderD128", HOLDER_DRM },
	{ "a frame buffer", "graphics", "fb0", HOLDER_DRM },
	{ "sound", "sound", "controlC0", HOLDER_SOUND },
	{ "a keyboard", "input", "event3", HOLDER_INPUT },
	{ "what is not a keyboard", "hidraw", "hidraw0", HOLDER_INPUT },
	{ "a USB device", "usb", "1-2", HOLDER_USB },
	{ "a camera", "video4linux", "video0", HOLDER_OTHER },
	{ "a serial line", "tty", "ttyUSB0", HOLDER_OTHER },
	{ "a bus that waits for its users", "i2c-dev", "i2c-4", HOLDER_OTHER },
	{ "a VM's", "vfio-dev", "vfio0", HOLDER_VFIO },
	{ "a subsystem that nobody knows goes before the name", "frob", "card0", HOLDER_OTHER },
	{ "sound by its name", NULL, "pcmC1D3p", HOLDER_SOUND },
	{ "a card by its name", NULL, "card1", HOLDER_DRM },
	{ "a keyboard by its name", NULL, "event12", HOLDER_INPUT },
	{ "a USB bus by its name", NULL, "usb1", HOLDER_USB },
	{ "nvidia's", NULL, "nvidia0", HOLDER_NVIDIA },
	{ "a name that only begins alike", NULL, "cardigan", HOLDER_OTHER },
	{ "a name that nobody knows", NULL, "frob0", HOLDER_OTHER },
};

static void is_of_kind(void **state)
{
	const struct row *row = *state;

	assert_int_equal(holder_kind_of(row->subsystem, row->node, row->block), row->want);
}

int main(void)
{
	UNIT_ROWS(rows, is_of_kind);
	return unit_run("holderkind");
}
