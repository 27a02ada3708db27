/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct assignment;
struct journal;

/*
 * Returns the devices of VMs that have stopped. report (may be NULL) is called for each
 * journal: rc 0: returned; -EAGAIN: its VM is alive; another: err has the reason. j is NULL
 * if the journal cannot be read, or does not exist because a hook was killed. Returns the
 * number of journals whose devices could not be returned.
 */
typedef void recover_report(void *user, const char *uuid, const struct journal *j, int rc,
			    const struct err *err);

unsigned recover_all(struct assignment *h, recover_report *report, void *user);

/* The same for one journal; returns the rc that report gets. */
int recover_one(struct assignment *h, const char *uuid, recover_report *report, void *user);
