/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct host;
struct journal;
struct strv;

/*
 * VMs may take devices that were bound by hand. -EBUSY, with the name of the VM, if one has
 * a device of this journal; devices: only these, NULL: all. The check runs under the lock
 * of all reservations. A caller with the lock of the journal can rely on the answer: no VM
 * takes a device while another process works on its journal.
 */
int borrower_check(const struct host *host, const struct journal *j, const struct strv *devices,
		   struct err *err);
