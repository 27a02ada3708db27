/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct err;
struct host;
struct journal;
struct settings;

/* Giving back, from the journal alone. `folder`: state_open()'s, with its lock. */

/* state_open(), with a sentence for a lock that another process still holds after `patience` seconds. */
int return_open(const struct host *host, const char *uuid, const char *name, int patience,
		struct err *err);

/* Is there anything of this VM? */
bool return_needed(const struct host *host, const char *uuid);

/*
 * Undoes all of a journal whose VM is known to be gone. 0: all is as it was, and the
 * folder is removed; else the journal is kept, and published as it is now. -ETIMEDOUT: all
 * but what is stuck.
 */
int return_all(const struct host *host, const struct settings *s, int folder, struct journal *j,
	       struct strv *notes, struct err *err);

/* What an earlier start of the same VM left, before it is prepared again. -EBUSY where it runs. */
int return_left_over(const struct host *host, const struct settings *s, int folder,
		     const char *uuid, struct strv *notes, struct err *err);

/* The journal of a VM that was stopped; only: see assignment_return(). */
int return_of(const struct host *host, const struct settings *s, int folder, const char *uuid,
	      const struct strv *only, struct strv *notes, struct err *err);

/* Of a journal's devices `only`, and what shares an IOMMU group with one of them. */
struct strv return_devices(struct arena *a, const struct journal *j, const struct strv *only);

/*
 * lanes[n] (journal_lanes() of them, all false): does it go with these devices? Returns false
 * where no device stays, so that all lanes go.
 */
bool return_lanes(const struct journal *j, const struct strv *only, bool *lanes);
