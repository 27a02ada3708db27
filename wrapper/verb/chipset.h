/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The chipset of a PC machine type: it decides the kind of the first bus. */
enum chipset { CHIPSET_UNKNOWN, CHIPSET_I440FX, CHIPSET_Q35 };

/*
 * By the machine type's name: pc, q35, pc-i440fx-*, pc-q35-*, the families of
 * RHEL, Ubuntu and Proxmox, or a glob that begins like one of these. NULL (the
 * line names none): QEMU's default for x86, an i440FX.
 */
enum chipset chipset_of(const char *machine);

/* "pci.0", "pcie.0"; NULL for CHIPSET_UNKNOWN. */
const char *chipset_bus(enum chipset chipset);
