/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct host;
struct opendevices;

/*
 * The PCI functions of which something may be in use: a disk, a network interface or a
 * frame buffer hangs from them, or a device that a process has open. The search begins at
 * these devices, and follows their links in /sys. Its cost depends on how much a host has
 * open, and not on how much is plugged in. subdevices_read() of another function would find
 * no device that is in use. Exceptions are nvidia's own device nodes, which /sys does not
 * know.
 */
struct suspects {
	struct strv addresses, groups; /* sorted; groups: of VFIO, whose device node is open */
	bool all; /* the function of an open device is unknown: any may be it */
};

void suspects_find(const struct host *host, const struct opendevices *opens, struct suspects *s);

/* group: its IOMMU group, or -1. */
bool suspects_has(const struct suspects *s, const char *address, int group);
