/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

struct domain;
struct err;
struct host;
struct strv;

/*
 * May QEMU open these device nodes for IOMMUFD, by libvirt's list and, of /dev/iommu, by its owner
 * and mode? daemon: that starts QEMU; the domain may have its user. 0, or -EACCES with what to do.
 */
int iommunode_check(const struct host *host, pid_t daemon, const struct domain *d,
		    const struct strv *nodes, struct err *err);
