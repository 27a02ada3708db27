/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct err;
struct host;
struct strv;

/*
 * The machine: this room alone opens /sys and /proc, below KVMSHIM_ROOT where
 * one is given. /proc/self stays the real one.
 */

/* All of /sys or /proc file `path`, NUL-terminated, *len bytes. 0 or -errno (no sentence). */
int host_read(const struct host *host, const char *path, char **text, size_t *len);

/*
 * "vendor:device" of a PCI function as four hex digits each, from
 * /sys/bus/pci/devices/ADDRESS/{vendor,device} (Documentation/ABI/testing/sysfs-bus-pci).
 * address may lack the domain and leading zeros; NULL where there is no such
 * function or it cannot be read.
 */
const char *host_pci_id(const struct host *host, const char *address);

/* pciaddr_spell() of lib/pciaddr.h. */
const char *host_pci_address(struct arena *a, const char *address);

/* The functions that address means, in order: itself, or all of the slot that are there. */
void host_pci_functions(const struct host *host, const char *address, struct strv *functions);

/* The driver that a function is bound to; NULL if none. */
const char *host_pci_driver(const struct host *host, const char *address);

/* The PCI address in a sysfs path, as in vfio-pci's sysfsdev=; NULL if it is another path. */
const char *host_pci_in_path(const char *path);

/* The sysfs path of a mediated device, and whether this host has it. */
const char *host_mdev_path(struct arena *a, const char *uuid);
bool host_has_mdev(const struct host *host, const char *uuid);

/* Is this module loaded or built in (/sys/module/NAME)? Its name has underscores there. */
bool host_has_module(const struct host *host, const char *name);

/* /proc/PID/cmdline as words. 0 or -errno. */
int host_cmdline(const struct host *host, pid_t pid, struct strv *argv);

/* What a program of ours opens as its stdin by name: not every /dev has a stdin. */
#define HOST_STDIN "/proc/self/fd/0"

/* The program that this process runs, from /proc/self/exe. NULL if unknown. */
const char *host_self_exe(struct arena *a);
