/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct host;
struct opendevices;

/*
 * The PCI functions of which something may be in use: a disk, a network interface or a
 * frame buffer hangs from them, or a device that a process has open. It is found from that side, by where their links in
 * /sys lead: what it costs is how much a host has open, and not how much is plugged in.
 * Of the others subdevices_read() would find nothing that anybody uses; but for nvidia's own nodes,
 * which /sys does not know.
 */
struct suspects {
	struct strv addresses, groups; /* sorted; groups: of VFIO, whose node is open */
	bool all; /* an open device cannot be told from where it hangs: any may be one */
};

void suspects_find(const struct host *host, const struct opendevices *opens, struct suspects *s);

/* group: its IOMMU group, or -1. */
bool suspects_has(const struct suspects *s, const char *address, int group);
