/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From `-device help` ("bus PCI") of QEMU 7.2, 10.0 and 11.1; tests/high/slots.t compares. */
#include "wrapper/line/pcidriver.h"

#include <stddef.h>

#include "glob.h"
#include "str.h"
#include "wrapper/line/devalias.h"

static const char *const globs[] = {
	"*-pci", "*-pci-transitional", "*-pci-non-transitional", "*_pci", "vfio-pci-*",
	"pci-*", "pcie-*", "pxb*", "*-bridge", "ioh3420", "x3130-upstream", "xio3130-downstream",
	"cxl-*",
	"AC97", "AMDVI-PCI", "amd-iommu", "ES1370", "acpi-erst", "am53c974", "dc390", "edu",
	"e1000*", "i6300esb", "i8255*", "i82562", "i82801", "ich9-*", "igb", "intel-hda",
	"iommu-testdev", "ivshmem-*", "lsi53c8*", "megasas*", "mptsas1068", "nec-usb-xhci",
	"nvme", "pcnet", "piix?-*", "pvrdma", "pvscsi", "qemu-xhci", "rocker", "rtl8139",
	"tpci200", "tulip", "ufs", "usb-ehci", "vmxnet3", "x-pci-proxy-dev", "xen-platform",
	/* displays */
	"VGA", "ati-vga", "bochs-display", "cirrus-vga", "qxl", "qxl-vga", "secondary-vga",
	"vhost-user-vga", "virtio-vga", "virtio-vga-gl", "vmware-svga",
};

/* Drivers that the globs fit, but on another bus. */
static const char *const others[] = { "vmbus-bridge" };

bool pcidriver_is(const struct cmdline *c, const char *driver)
{
	const char *real = devalias_driver(c, driver);

	driver = real ? real : driver;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		if (glob_match(globs[i], driver))
			return !STR_AMONG(others, driver);
	return false;
}

enum bridge_room pcidriver_room(const char *driver)
{
	static const char *const buses[] = { "pci-bridge", "pci-bridge-seat", "pcie-pci-bridge",
					     "i82801b11-bridge" };
	static const char *const ports[] = { "pcie-root-port", "ioh3420", "xio3130-downstream" };

	if (STR_AMONG(buses, driver))
		return BRIDGE_BUS;
	return STR_AMONG(ports, driver) ? BRIDGE_PORT : BRIDGE_NONE;
}
