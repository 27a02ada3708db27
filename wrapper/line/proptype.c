/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU reads the values of a JSON argument strictly and converts nothing, so the type of a new
 * property has to be right. The rows were derived from every driver's device-list-properties
 * and from object-add of QEMU 7.2, 10.0 and 11.1, and from patches;
 * tests/wrapper/proptypes.t compares them with the local QEMU.
 *
 * A cache of what QEMU says itself was judged, and is not used instead. QEMU 11.1 answers
 * device-list-properties for 480 devices with 3 MB in 1.6 s, so a start could only read a file,
 * and each start would stat the emulator and read that file; the table is in the program and costs
 * nothing. The first start after an upgrade would have no file, or one of another QEMU, so the
 * table would have to stay. QMP also lists a PCI addr as int32 (7.2) and hides the words of
 * enums: such rows are right only here. `check --qemu` reports where this QEMU differs.
 */
#include "wrapper/line/proptype.h"

#include <string.h>

#include "glob.h"
#include "str.h"

struct row {
	const char *what; /* glob for the driver, qom-type, … */
	const char *key;
	enum json_kind kind;
};

/* -device and -object. The first row that fits counts; sorted by key, narrow globs first. */
static const struct row device_rows[] = {
	{ "*", "account-failed", JSON_STRING }, /* OnOffAuto, disks */
	{ "*", "account-invalid", JSON_STRING }, /* OnOffAuto, disks */
	{ "sp-mem", "addr", JSON_NUMBER }, /* 11+: uint64 */
	{ "hv-balloon", "addr", JSON_NUMBER }, /* uint64 */
	{ "*dimm", "addr", JSON_NUMBER }, /* pc-dimm, nvdimm: guest address, uint64 */
	{ "*loader", "addr", JSON_NUMBER }, /* loader, guest-loader: uint64 */
	{ "sgx-epc", "addr", JSON_NUMBER },
	{ "*", "addr", JSON_STRING }, /* PCI slot[.fn] in hex; a JSON number would be a devfn! */
	{ "memory-backend-*", "align", JSON_NUMBER }, /* size */
	{ "vfio-pci*", "ats", JSON_STRING }, /* 11+: OnOffAuto (virtio: bool) */
	{ "emmc", "auth-key", JSON_STRING }, /* 11+ */
	{ "*", "backend_defaults", JSON_STRING }, /* OnOffAuto, disks */
	{ "*", "block-size", JSON_NUMBER }, /* size, virtio-mem */
	{ "*", "bus", JSON_STRING },
	{ "secret*", "data", JSON_STRING }, /* a password of digits */
	{ "scsi-*", "device_id", JSON_STRING }, /* ipmi-bmc-sim: uint8 */
	{ "*", "disable-legacy", JSON_STRING }, /* OnOffAuto (disable-modern is bool) */
	{ "*", "discard_granularity", JSON_NUMBER }, /* size */
	{ "*", "display", JSON_STRING }, /* OnOffAuto vfio-pci; str usb-tablet, virtio-keyboard */
	{ "*", "drive-type", JSON_STRING }, /* floppy: 144, 288, 120 */
	{ "*", "eim", JSON_STRING }, /* OnOffAuto, intel-iommu */
	{ "*", "enable-migration", JSON_STRING }, /* 8.1+: OnOffAuto, vfio-pci */
	{ "*", "fallback", JSON_STRING }, /* isa-fdc: 144 */
	{ "*", "fd", JSON_STRING }, /* x-pci-proxy-dev, x-remote-object; 8.2+/9.0+: vfio-*, iommufd */
	{ "*", "fdp.ruhs", JSON_STRING }, /* 8.1+: nvme-ns, "0;1" or "0" */
	{ "*", "fdp.runs", JSON_NUMBER }, /* 9.0+: size, nvme-subsys */
	{ "*", "fdtypeA", JSON_STRING }, /* isa-fdc: 144 */
	{ "*", "fdtypeB", JSON_STRING },
	{ "nvme", "firmware-version", JSON_STRING }, /* 11+ */
	{ "sev-*", "guest-visible-workarounds", JSON_STRING }, /* 9.1+, base64 */
	{ "virtio-net*", "hash-ipv4", JSON_STRING }, /* hash-*: 10.x, OnOffAuto */
	{ "virtio-net*", "hash-ipv6", JSON_STRING },
	{ "virtio-net*", "hash-ipv6ex", JSON_STRING },
	{ "virtio-net*", "hash-tcp4", JSON_STRING },
	{ "virtio-net*", "hash-tcp6", JSON_STRING },
	{ "virtio-net*", "hash-tcp6ex", JSON_STRING },
	{ "virtio-net*", "hash-udp4", JSON_STRING },
	{ "virtio-net*", "hash-udp6", JSON_STRING },
	{ "virtio-net*", "hash-udp6ex", JSON_STRING },
	{ "*", "hba_serial", JSON_STRING }, /* megasas */
	{ "input-barrier", "height", JSON_STRING },
	{ "*", "host", JSON_STRING }, /* vfio-pci */
	{ "sev-*", "host-data", JSON_STRING }, /* 9.1+, base64 */
	{ "*", "hostmem", JSON_NUMBER }, /* 8+/9.2+: size, virtio-gpu */
	{ "*", "hostport", JSON_STRING }, /* usb-host: 1 or 1.2 (hostbus, hostaddr are numbers) */
	{ "memory-backend-*", "hugetlbsize", JSON_NUMBER }, /* size */
	{ "*", "hv-no-nonarch-coresharing", JSON_STRING }, /* OnOffAuto, CPU as -device */
	{ "*", "hv-vendor-id", JSON_STRING }, /* CPU as -device */
	{ "*", "id", JSON_STRING },
	{ "sev-*", "id-auth", JSON_STRING },
	{ "sev-*", "id-block", JSON_STRING },
	{ "authz-simple", "identity", JSON_STRING },
	{ "hv-balloon", "instanceid", JSON_STRING }, /* 8.2+ */
	{ "*", "intremap", JSON_STRING }, /* OnOffAuto, intel-iommu, amd-iommu */
	{ "*", "io-reserve", JSON_NUMBER }, /* size, pcie-root-port, pci-bridge */
	{ "*", "iommufd", JSON_STRING }, /* 8.2+: link, vfio-* */
	{ "uefi-vars-*", "jsonfile", JSON_STRING }, /* 10.0+ */
	{ "ipmi-*", "lan.defgw_ipaddr", JSON_STRING }, /* 11+ */
	{ "ipmi-*", "lan.defgw_macaddr", JSON_STRING }, /* 11+ */
	{ "ipmi-*", "lan.ipaddr", JSON_STRING }, /* 11+ */
	{ "ipmi-*", "lan.macaddr", JSON_STRING }, /* 11+ */
	{ "ipmi-*", "lan.netmask", JSON_STRING }, /* 11+ */
	{ "sev-guest", "legacy-vm-type", JSON_STRING }, /* 9.1+: OnOffAuto */
	{ "*", "logical_block_size", JSON_NUMBER }, /* size */
	{ "*", "mac", JSON_STRING }, /* one without colons */
	{ "*", "master", JSON_STRING }, /* OnOffAuto, ivshmem */
	{ "*", "max_hostmem", JSON_NUMBER }, /* size, virtio-gpu */
	{ "*", "mem-reserve", JSON_NUMBER }, /* size */
	{ "*", "membar", JSON_NUMBER }, /* size, pci-testdev */
	{ "*", "min_io_size", JSON_NUMBER }, /* size */
	{ "nvme", "model", JSON_STRING }, /* 11+ */
	{ "ide-*", "model", JSON_STRING }, /* CPU: int */
	{ "*", "mount_tag", JSON_STRING }, /* virtio-9p */
	{ "tdx-guest", "mrconfigid", JSON_STRING }, /* 10.1+, base64 */
	{ "tdx-guest", "mrowner", JSON_STRING },
	{ "tdx-guest", "mrownerconfig", JSON_STRING },
	{ "*", "msi", JSON_STRING }, /* OnOffAuto, megasas, hda, xhci, pci-bridge */
	{ "*", "msix", JSON_STRING }, /* OnOffAuto, megasas, nec-usb-xhci */
	{ "*", "name", JSON_STRING }, /* virtserialport, virtconsole, rocker, input-barrier */
	{ "nvme-ns", "nguid", JSON_STRING }, /* 8.2+: auto, or 32 digits in hex */
	{ "memory-backend-file", "offset", JSON_NUMBER }, /* 8.1+: size */
	{ "*", "opt_io_size", JSON_NUMBER }, /* size */
	{ "uefi-vars-*", "pcapfile", JSON_STRING }, /* 10.1+ */
	{ "acpi-generic-*", "pci-bus", JSON_STRING }, /* 9.2+ */
	{ "acpi-generic-*", "pci-dev", JSON_STRING }, /* 9.0+ */
	{ "amd-iommu", "pci-id", JSON_STRING }, /* 10.1+ */
	{ "cxl-*", "persistent-memdev", JSON_STRING }, /* 8.1+: link */
	{ "*", "physical_block_size", JSON_NUMBER }, /* size */
	{ "input-barrier", "port", JSON_STRING },
	{ "u2f-*", "port", JSON_STRING }, /* USB port path: 1 or 1.2 */
	{ "usb-*", "port", JSON_STRING }, /* else uint8: pcie-root-port, ioh3420, x3130-upstream … */
	{ "*", "pref32-reserve", JSON_NUMBER }, /* size */
	{ "*", "pref64-reserve", JSON_NUMBER }, /* size */
	{ "*", "product", JSON_STRING }, /* scsi-hd, scsi-cd */
	{ "*", "requested-size", JSON_NUMBER }, /* size, virtio-mem */
	{ "memory-backend-file", "rom", JSON_STRING }, /* 8.2+: OnOffAuto */
	{ "*", "seqpacket", JSON_STRING }, /* OnOffAuto, vhost-vsock (device) */
	{ "secret_keyring", "serial", JSON_NUMBER },
	{ "*", "serial", JSON_STRING }, /* ide, scsi, nvme, virtio-blk, usb-* */
	{ "*", "size", JSON_NUMBER }, /* memory-backend-*: size */
	{ "*", "sriov-pf", JSON_STRING }, /* 10.1+: id of the PF */
	{ "filter-*", "status", JSON_STRING }, /* on, off; virtio-net status is bool */
	{ "*", "tag", JSON_STRING }, /* vhost-user-fs */
	{ "cxl-*", "target", JSON_STRING }, /* 8.2+: link */
	{ "*", "unplugged-inaccessible", JSON_STRING }, /* OnOffAuto, virtio-mem */
	{ "tls-creds-*", "username", JSON_STRING },
	{ "xen-*", "vdev", JSON_STRING }, /* xvda, or a number */
	{ "scsi-*", "vendor", JSON_STRING }, /* sdhci-pci: uint8 */
	{ "*", "ver", JSON_STRING }, /* ide, scsi: firmware revision */
	{ "*", "vf-token", JSON_STRING }, /* 8.1+: UUID, vfio-pci */
	{ "*", "vgamem", JSON_NUMBER }, /* size, bochs-display */
	{ "vhost-vdpa-*", "vhostdev", JSON_STRING },
	{ "*", "vhostfd", JSON_STRING }, /* vhost-scsi, vhost-vsock */
	{ "cxl-*", "volatile-dc-memdev", JSON_STRING }, /* 9.1+: link */
	{ "cxl-*", "volatile-memdev", JSON_STRING }, /* 8.1+: link */
	{ "input-barrier", "width", JSON_STRING },
	{ "*", "write-cache", JSON_STRING }, /* OnOffAuto, disks (share-rw is bool) */
	{ "*", "x-device-dirty-page-tracking", JSON_STRING }, /* 9.1+: OnOffAuto, vfio-pci */
	{ "*", "x-igd-legacy-mode", JSON_STRING }, /* 10.0+: OnOffAuto, vfio-pci */
	{ "*", "x-max-bounce-buffer-size", JSON_NUMBER }, /* 9.2+: size, PCI devices */
	{ "*", "x-migration-load-config-after-iter", JSON_STRING }, /* 10.1+: OnOffAuto, vfio-pci */
	{ "*", "x-migration-max-queued-buffers-size", JSON_NUMBER }, /* 10.1+: size, vfio-pci */
	{ "*", "x-migration-multifd-transfer", JSON_STRING }, /* 10.0+: OnOffAuto, vfio-pci */
	{ "*", "x-msix-relocation", JSON_STRING }, /* off, auto, bar0…: vfio-pci */
	{ "input-barrier", "x-origin", JSON_STRING },
	{ "*", "x-pre-copy-dirty-page-tracking", JSON_STRING }, /* OnOffAuto, vfio-pci */
	{ "*", "x-ramfb-migrate", JSON_STRING }, /* 8.2+: OnOffAuto, vfio-pci-nohotplug */
	{ "*", "x-speed", JSON_STRING }, /* PCIELinkSpeed 2_5 5 8 16: pcie-root-port */
	{ "*", "x-width", JSON_STRING }, /* PCIELinkWidth 1 2 4 …: pcie-root-port */
	{ "input-barrier", "y-origin", JSON_STRING },
	{ "*", "zoned.zone_capacity", JSON_NUMBER }, /* size, nvme-ns */
	{ "*", "zoned.zone_size", JSON_NUMBER },
	{ "*", "zoned.zrwafg", JSON_NUMBER },
	{ "*", "zoned.zrwas", JSON_NUMBER },
	{ NULL },
};

/*
 * A property of -netdev can have the name of another option's property and a different type,
 * so -netdev has a table of its own.
 */
static const struct row netdev_rows[] = {
	{ "*", "downscript", JSON_STRING },
	{ "*", "dstport", JSON_STRING },
	{ "*", "fd", JSON_STRING },
	{ "*", "fds", JSON_STRING },
	{ "*", "host", JSON_STRING },
	{ "*", "id", JSON_STRING },
	{ "*", "script", JSON_STRING },
	{ "*", "sndbuf", JSON_NUMBER },
	{ "*", "srcport", JSON_STRING },
	{ "*", "vhostfd", JSON_STRING },
	{ "*", "vhostfds", JSON_STRING },
	{ NULL },
};

static const struct row blockdev_rows[] = {
	{ "*", "detect-zeroes", JSON_STRING },
	{ "*", "locking", JSON_STRING },
	{ "*", "node-name", JSON_STRING },
	{ "*", "server.port", JSON_STRING },
	{ "*", "snapshot", JSON_STRING },
	{ "*", "user", JSON_STRING },
	{ "*", "username", JSON_STRING },
	{ NULL },
};

static const struct row display_rows[] = {
	{ "*", "addr", JSON_STRING },
	{ "*", "gl", JSON_STRING }, /* on, off, core, es */
	{ NULL },
};

static const struct {
	const char *option;
	const struct row *rows;
} tables[] = {
	{ "blockdev", blockdev_rows },
	{ "device", device_rows },
	{ "display", display_rows },
	{ "netdev", netdev_rows },
	{ "object", device_rows },
};

static const struct row *find_row(const char *option, const char *what, const char *key)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!str_eq(tables[i].option, option))
			continue;
		for (const struct row *r = tables[i].rows; r->key; r++)
			if (str_eq(r->key, key) && glob_match(r->what, what))
				return r;
	}
	return NULL;
}

static bool is_hex(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && s[2] &&
	       s[2 + strspn(s + 2, "0123456789abcdefABCDEF")] == '\0';
}

static bool is_integer(const char *s)
{
	size_t digits;

	s += *s == '-';
	digits = strspn(s, "0123456789");
	return digits && s[digits] == '\0';
}

bool proptype_is_string(const char *option, const char *what, const char *key)
{
	const struct row *row = find_row(option, what, key);

	return row && row->kind == JSON_STRING;
}

enum json_kind proptype(const char *option, const char *what, const char *key, const char *value)
{
	const struct row *row = find_row(option, what, key);

	if (row)
		return row->kind;
	if (str_to_bool(value) >= 0)
		return JSON_BOOL;
	return is_integer(value) || is_hex(value) ? JSON_NUMBER : JSON_STRING;
}
