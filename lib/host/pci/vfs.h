/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct host;

/*
 * Is `vf` the address of one of the first `count` virtual functions of the function `pf`, whether
 * they are enabled or not? By sriov_offset and sriov_stride of the PF in sysfs, as
 * pci_iov_virtfn_bus() and pci_iov_virtfn_devfn() of drivers/pci/iov.c.
 */
bool vfs_include(const struct host *host, const char *pf, long count, const char *vf);

/* The number of an enabled virtual function on its PF: the link virtfnN; -1: it has none. */
int vfs_number(const struct host *host, const char *pf, const char *vf);
