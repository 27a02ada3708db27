/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * The names of pci.ids, by libpci: names only. It looks at no device, no cache of names and no
 * network. If KVMSHIM_ROOT has a pci.ids, that file is read.
 */
struct host;
struct pcinames;

struct pcinames *pcinames_open(const struct host *host);
void pcinames_close(struct pcinames *names);

/* NULL: pci.ids could be read; else its path. To be asked after the first name. */
const char *pcinames_missing(const struct pcinames *names);

/* id is "10de:1b06"; class as sysfs has it, 0x030000. NULL: it has no name. */
const char *pcinames_vendor(struct pcinames *names, const char *id);
const char *pcinames_device(struct pcinames *names, const char *id);
const char *pcinames_class(struct pcinames *names, unsigned class);
