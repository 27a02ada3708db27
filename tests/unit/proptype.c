/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of QEMU's properties: tests/wrapper/proptypes.t. Here is how a row is chosen. */
#include "wrapper/line/proptype.h"

#include "unit.h"

static const struct row {
	const char *name, *option, *what, *key, *value;
	enum json_kind want;
} rows[] = {
	{ "the gl of a display is none", "display", "egl-headless", "gl", "on", JSON_STRING },
	{ "on is a bool", "device", "virtio-net-pci", "mq", "on", JSON_BOOL },
	{ "n is a bool", "device", "virtio-net-pci", "mq", "n", JSON_BOOL },
	{ "digits are a number", "device", "virtio-net-pci", "vectors", "8", JSON_NUMBER },
	{ "a minus and digits are", "device", "virtio-net-pci", "bootindex", "-1", JSON_NUMBER },
	{ "hex is", "device", "isa-serial", "iobase", "0x3f8", JSON_NUMBER },
	{ "hex in capitals is", "device", "isa-serial", "iobase", "0X3F8", JSON_NUMBER },
	{ "a leading zero is a number too, to be refused as one", "device", "x", "vectors", "010",
	  JSON_NUMBER },
	{ "0x alone is a string", "device", "x", "a", "0x", JSON_STRING },
	{ "a suffix is a string where no row says size", "device", "x", "granule", "4k", JSON_STRING },
	{ "a point is a string", "device", "usb-host", "x", "1.2", JSON_STRING },
	{ "nothing is a string", "device", "x", "romfile", "", JSON_STRING },
	{ "a minus alone is a string", "device", "x", "a", "-", JSON_STRING },
	{ "a word is a string", "device", "x", "rerror", "stop", JSON_STRING },
	{ "the addr of a PCI device is a string", "device", "virtio-net-pci", "addr", "5", JSON_STRING },
	{ "that of a DIMM a number", "device", "nvdimm", "addr", "5", JSON_NUMBER },
	{ "that of a Hyper-V balloon too", "device", "hv-balloon", "addr", "0x10", JSON_NUMBER },
	{ "ats of vfio-pci is an OnOffAuto", "device", "vfio-pci-nohotplug", "ats", "on", JSON_STRING },
	{ "ats of virtio is a bool", "device", "virtio-net-pci", "ats", "on", JSON_BOOL },
	{ "an id of digits is a string", "device", "vfio-pci", "iommufd", "1", JSON_STRING },
	{ "a size that can be 1M is a number", "device", "nvme", "x-max-bounce-buffer-size", "1M",
	  JSON_NUMBER },
	{ "a USB port is a string", "device", "usb-tablet", "port", "1", JSON_STRING },
	{ "a root port's is a number", "device", "pcie-root-port", "port", "1", JSON_NUMBER },
	{ "an OnOffAuto is a string", "device", "vfio-pci", "display", "on", JSON_STRING },
	{ "a size is a number whatever it looks like", "object", "memory-backend-ram", "size", "1G",
	  JSON_NUMBER },
	{ "a password of digits is a string", "object", "secret", "data", "123", JSON_STRING },
	{ "a driver that is not known takes the rows for all", "device", "", "serial", "1", JSON_STRING },
	{ "the script of a netdev is a string", "netdev", "tap", "script", "no", JSON_STRING },
	{ "the script of a device is not", "device", "x", "script", "no", JSON_BOOL },
	{ "a netdev's host is a string", "netdev", "tap", "fd", "7", JSON_STRING },
	{ "a node's name is a string", "blockdev", "file", "node-name", "on", JSON_STRING },
	{ "a node's name is nothing elsewhere", "audiodev", "none", "node-name", "on", JSON_BOOL },
	{ "a nested name has its row", "blockdev", "nfs", "server.port", "1", JSON_STRING },
};

static void types(void **state)
{
	const struct row *row = *state;

	assert_int_equal(proptype(row->option, row->what, row->key, row->value), row->want);
}

int main(void)
{
	UNIT_ROWS(rows, types);
	return unit_run("proptype");
}
