/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct host;
struct journal;
struct strv;

/*
 * What was bound by hand is there for VMs to take. -EBUSY, with who it is, where one has a
 * device of this journal's; devices: of these only, NULL: of all. It asks under the
 * lock of all reservations: who holds the journal's own can rely on it, because
 * nothing in progress is there for the taking.
 */
int borrower_check(const struct host *host, const struct journal *j, const struct strv *devices,
		   struct err *err);
