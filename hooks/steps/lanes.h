/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct assignment;
struct err;
struct journal;
struct survey;

/*
 * Works on the steps of a journal: lane 0, then all others side by side, so that N devices
 * take about as long as the slowest; none is touched before all are free. Writes that hang
 * are added to j->stuck; j->steps get `done` and the time that each took.
 */

/*
 * In order, until one fails. The units that pause start again once all is done, unless libvirt is
 * yet to bind a device. 0, or -errno of the first that failed. seen: the survey that
 * the journal was planned from, which knows who had what open a moment ago; NULL.
 */
int lanes_act(struct assignment *h, struct journal *j, const struct survey *seen,
	      struct err *err);

/*
 * Undoes all steps that say `done`, in reverse, lane 0 last; only: the lanes for which it is true
 * (NULL: all). A device whose undo fails or that is stuck is left as it is, the
 * others are not. 0 if all is as it was; else -errno of the first failure, and
 * the journal must be kept. h->notes gets the failures that change nothing else.
 * undone (NULL: nobody asks) has journal_lanes() places: true for each lane of which
 * nothing is left to undo. A unit whose device is not back stays stopped, and its step stays
 * in the journal.
 */
int lanes_undo(struct assignment *h, struct journal *j, const bool *only, bool *undone,
	       struct err *err);
