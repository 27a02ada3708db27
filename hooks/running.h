/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct domain;
struct err;
struct assignment;

/* A VM between prepare and release. Without a journal these functions do nothing. */

/*
 * Before QEMU: checks that the prepared devices still have their drivers, and gives the VFIO
 * device nodes of granted devices to the user of QEMU, because libvirt gives it only the
 * device nodes of its own hostdevs. The steps are in the journal.
 */
int running_start(struct assignment *h, const struct domain *d, struct err *err);

/* QEMU runs: notes its pid, from /run/libvirt/qemu/NAME.pid, and the daemon that now manages it. */
int running_note(struct assignment *h, struct err *err);
