/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct cmdline;

/*
 * The driver that QEMU makes of another name for it (qdev_alias_table of system/qdev-monitor.c):
 * lsi is lsi53c895a, and virtio-net is virtio-net-pci, or virtio-net-ccw on s390x. NULL: the name
 * is no such alias.
 */
const char *devalias_driver(const struct cmdline *c, const char *name);
