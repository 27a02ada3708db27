/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct assignment;
struct err;
struct journal;

/* Giving back, from the journal alone. `folder`: state_open()'s, with its lock. */

/* state_open(), with a sentence for a lock that another process still holds after `patience` seconds. */
int return_open(const struct assignment *h, int patience, struct err *err);

/* Is there anything of this VM? */
bool return_needed(const struct assignment *h);

/*
 * Undoes all of a journal whose VM is known to be gone. 0: all is as it was, and the
 * folder is removed; else the journal is kept, and published as it is now. -ETIMEDOUT: all
 * but what is stuck.
 */
int return_all(struct assignment *h, int folder, struct journal *j, struct err *err);

/* What an earlier start of the same VM left, before it is prepared again. -EBUSY where it runs. */
int return_left_over(struct assignment *h, int folder, struct err *err);

/* The journal of a VM that was stopped; only: see assignment_return(). */
int return_of(struct assignment *h, int folder, const struct strv *only, struct err *err);

/* Of a journal's devices `only`, and what shares an IOMMU group with one of them. */
struct strv return_devices(struct arena *a, const struct journal *j, const struct strv *only);

/*
 * lanes[n] (journal_lanes() of them, all false): does it go with these devices? Returns false
 * where no device stays, so that all lanes go.
 */
bool return_lanes(const struct journal *j, const struct strv *only, bool *lanes);
