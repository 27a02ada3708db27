/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct assignment;
struct err;
struct journal;

/* Returns devices from the journal alone. `folder`: from state_open(), with its lock. */

/* state_open(), with a sentence for a lock that another process still holds after `patience` seconds. */
int return_open(const struct assignment *h, int patience, struct err *err);

/* Has this VM a directory below /run/kvmshim? */
bool return_needed(const struct assignment *h);

/*
 * Undoes all steps of a journal whose VM has stopped. 0: all is as before, and the folder is
 * removed; else the journal is kept, and published with the steps that are left. -ETIMEDOUT:
 * some steps are stuck, and all other steps are undone.
 */
int return_all(struct assignment *h, int folder, struct journal *j, struct err *err);

/* Undoes an earlier start of the same VM, before it is prepared again. -EBUSY if it runs. */
int return_left_over(struct assignment *h, int folder, struct err *err);

/* The journal of a VM that was stopped; only: see assignment_return(). */
int return_of(struct assignment *h, int folder, const struct strv *only, struct err *err);

/* The devices `only` of a journal, and its devices in the same IOMMU group as one of them. */
struct strv return_devices(struct arena *a, const struct journal *j, const struct strv *only);

/*
 * lanes[n] (journal_lanes() of them, all false): is it returned with these devices? Returns
 * false if no device stays, so that all lanes are returned.
 */
bool return_lanes(const struct journal *j, const struct strv *only, bool *lanes);
