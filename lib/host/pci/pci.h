/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct host;

/*
 * A PCI function as /sys/bus/pci/devices/ADDRESS shows it
 * (Documentation/ABI/testing/sysfs-bus-pci). Nothing in it is read from a file that takes
 * the device's lock, so a stuck device can be looked at.
 */
struct pci_function {
	const char *address;   /* 0000:05:00.0 */
	const char *id;	       /* 10de:1b06 */
	const char *subsystem; /* 10de:3609; NULL if it cannot be read */
	const char *modalias;  /* pci:v000010DEd00001B06sv…; NULL likewise */
	const char *driver;    /* that it is bound to; NULL: none */
	const char *physfn;    /* of a VF: the address of its PF; else NULL */
	struct strv vfs;       /* of a PF: the addresses of its enabled VFs */
	unsigned class;	       /* 0x030000 */
	int group;	       /* IOMMU group; -1: none */
	int numa_node;	       /* -1: none */
	bool bridge;	       /* header type 1 or 2: no endpoint */
	bool boot_vga;
	/* nvidia's vGPU on VFs: nvidia/current_vgpu_type exists */
	bool vgpu;
};

/* address as pciaddr_spell() spells it. 0, or -ENODEV if this host has no such function. */
int pci_function_read(const struct host *host, const char *address, struct pci_function *f);

/* The same, of a function whose folder is open already. */
int pci_function_read_at(struct arena *a, int folder, const char *address,
			 struct pci_function *f);

/*
 * "vendor:device" of a PCI function as four hex digits each, from
 * /sys/bus/pci/devices/ADDRESS/{vendor,device} (Documentation/ABI/testing/sysfs-bus-pci).
 * The domain and leading zeros of the address may be missing. NULL if the function does
 * not exist or cannot be read.
 */
const char *pci_id(const struct host *host, const char *address);

/* The functions that an address selects, in order: itself, or all functions of the slot. */
void pci_functions(const struct host *host, const char *address, struct strv *functions);

/* The driver that a function is bound to; NULL if none. */
const char *pci_driver(const struct host *host, const char *address);
/* The same; -errno where that cannot be told. A device that is gone has none. */
int pci_driver_read(const struct host *host, const char *address, const char **driver);

/* The PCI address in a sysfs path, as in vfio-pci's sysfsdev=; NULL if it is another path. */
const char *pci_in_path(const char *path);

/* The addresses of all functions of an IOMMU group, sorted, bridges too. */
void pci_group_members(const struct host *host, int group, struct strv *addresses);

/*
 * A serial number for `expect = … serial=…`. For an NVMe controller it is the number that
 * its driver shows (nvme/nvmeN/serial, without the blanks at the end). For other functions
 * it is the Device Serial Number capability of config space ("00-11-22-33-44-55-66-77", as
 * lspci -vv writes it; root only). NULL: the function has none, or it cannot be read now.
 */
const char *pci_serial(const struct host *host, const char *address);

#define PCI_DEVICES "/sys/bus/pci/devices"

/* Is this how sysfs names a function: 0000:05:00.0, nothing missing, in lower case? */
bool pci_is_address(const char *name);

/* Path of an attribute: "/sys/bus/pci/devices/ADDRESS/NAME". */
const char *pci_attribute_path(struct arena *a, const char *address, const char *name);

/* Path of a file of a driver: "/sys/bus/pci/drivers/DRIVER/NAME"; does the driver exist? */
const char *pci_driver_path(struct arena *a, const char *driver, const char *name);
bool pci_driver_exists(const struct host *host, const char *driver);

#define PCI_DRIVERS_PROBE "/sys/bus/pci/drivers_probe"

/* Is this driver vfio-pci or a variant of it (mlx5_vfio_pci, nvgrace-gpu-vfio-pci, …)? */
bool pci_driver_is_vfio(const char *driver);

/*
 * The module whose vfio_pci: alias in /lib/modules/RELEASE/modules.alias fits the modalias
 * best (fewest wildcards; libvirt chooses alike: virPCIDeviceFindBestVFIOVariant() of
 * util/virpci.c); "vfio_pci" if none does or the file cannot be read. release: NULL for
 * that of uname(2).
 */
const char *pci_vfio_module(const struct host *host, const char *release, const char *modalias);

/*
 * The driver's name in sysfs for a module's name: the spelling that exists. Before the
 * module is loaded: with underscores, because a driver is called like its module
 * (KBUILD_MODNAME) in all of drivers/vfio/pci except vfio-pci itself.
 */
const char *pci_driver_of_module(const struct host *host, const char *module);

/* Is it the same driver, with - and _ alike? NULL means "no driver": only NULL is the same. */
bool pci_same_driver(const char *a, const char *b);
