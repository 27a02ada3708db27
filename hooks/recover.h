/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct assignment;
struct journal;

/*
 * Gives back what VMs that are gone have left. told (may be NULL) hears of each
 * journal: rc 0: given back; -EAGAIN: its VM is alive; another: err says why not.
 * j is NULL where the journal cannot be read, or is not there, as where a hook was killed.
 * Returns how many could not be given back.
 */
typedef void recover_told(void *user, const char *uuid, const struct journal *j, int rc,
			  const struct err *err);

unsigned recover_all(struct assignment *h, recover_told *told, void *user);

/* The same of one journal; returns what told hears. */
int recover_one(struct assignment *h, const char *uuid, recover_told *told, void *user);
