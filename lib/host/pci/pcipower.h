/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct pci_function;

/*
 * The power state of a device that possibly does not answer: "D3cold" although the kernel has not
 * suspended it, "unknown" although it has a driver; NULL: another state, or a kernel before 5.11,
 * which does not show it.
 */
const char *pcipower_lost(const struct host *host, const struct pci_function *f);
