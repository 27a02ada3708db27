/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct domain;
struct err;
struct assignment;

/* A VM between prepare and release. Without a journal there is nothing to do. */

/*
 * Before QEMU: checks that the prepared devices still have their drivers, and gives the
 * VFIO device nodes of granted devices to the user of QEMU, because libvirt gives it only
 * those of its own hostdevs. The steps are in the journal.
 */
int running_start(struct assignment *h, const struct domain *d, struct err *err);

/* QEMU runs: notes its pid, from /run/libvirt/qemu/NAME.pid, and the daemon that now sees to it. */
int running_note(struct assignment *h, struct err *err);
