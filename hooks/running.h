/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct domain;
struct err;
struct assignment;

/* A VM between prepare and release. Without a journal there is nothing to do. */

/*
 * Before QEMU: what was prepared still holds; and the VFIO nodes of granted devices
 * are given to the user QEMU will run as, since libvirt gives it only those of
 * its own hostdevs. Journaled.
 */
int running_start(struct assignment *h, const struct domain *d, struct err *err);

/* QEMU runs: notes its pid, from /run/libvirt/qemu/NAME.pid, and the daemon that now sees to it. */
int running_note(struct assignment *h, struct err *err);
