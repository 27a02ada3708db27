/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;
struct journal;
struct root;
struct strv;

/*
 * What was bound by hand is there for VMs to take. -EBUSY, with who it is, where one has a
 * device of this journal's; devices: of these only, NULL: of all. It asks under the
 * lock of all reservations: who holds the journal's own can rely on it, because
 * nothing in progress is there for the taking.
 */
int borrower_check(struct arena *a, const struct root *r, const struct journal *j,
	       const struct strv *devices, struct err *err);
