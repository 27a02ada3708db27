/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"
#include "hooks/journal/salvage.h"

struct arena;
struct err;
struct host;

/* A journal is a reservation while one of these is true; if none is, it may be undone. */
enum life {
	LIFE_NONE,
	LIFE_IN_PROGRESS, /* another process works on it now */
	LIFE_QEMU,	  /* its QEMU runs */
	LIFE_STARTING,	  /* the daemon that prepares it lives, and no QEMU was seen yet */
	LIFE_NODE_OPEN,	  /* a VFIO device node of it is open */
	LIFE_HAND,	  /* made by `kvmshim bind`, and not undone */
	LIFE_UNKNOWN,	  /* a process that may be its QEMU, or use it, cannot be looked at */
};

struct reservation {
	struct journal journal;
	enum life life;
	struct process holder; /* LIFE_QEMU, LIFE_NODE_OPEN, LIFE_UNKNOWN: who; pid 0: nobody in particular */
};

struct reservations {
	struct reservation *v;
	size_t n, cap;
	/* journals that exist and cannot be read: their devices are in doubt */
	struct salvage *doubts;
	size_t n_doubts, doubts_cap;
};

/* Facts that the caller knows better, so that they are not a sign of life. */
enum {
	ASK_LOCKED = 1, /* it holds the lock of the folder itself */
	ASK_OWN = 2,	/* it acts for this VM: the daemon asks it to */
};

enum life reserve_life(const struct host *host, const struct journal *j, unsigned ask,
		       struct process *holder);

/*
 * The journals of all except `except` (NULL: of all). One that is not accepted is in `doubts`;
 * it is an error only if this user may not read it.
 */
int reserve_read(const struct host *host, const char *except, struct reservations *out,
		 struct err *err);

/*
 * The same once more, under the lock and quick: of a journal that is as it was
 * in `seen` the life is as it was; one that is new or changed is alive, and so is one
 * bound by hand that another process works on.
 */
int reserve_again(const struct host *host, const char *except, const struct reservations *seen,
		  struct reservations *out, struct err *err);

/*
 * The reservation that has this device, or has made a mediated device on it, so that
 * `asking` may not take it. NULL: none. VMs may take a device that was bound by hand, and
 * it stays bound when they return it.
 */
const struct reservation *reserve_owner(const struct reservations *rs, const char *device,
					enum journal_kind asking);

/* The same, but without reservations that only made a mediated device on it. */
const struct reservation *reserve_taken(const struct reservations *rs, const char *device,
					enum journal_kind asking);

/*
 * A journal that cannot be read and may have this device: its bytes name it; or they are not
 * all of the journal, no other journal has the device, and the device is not with a driver of
 * the host. NULL: none.
 */
const struct salvage *reserve_doubt(const struct host *host, const struct reservations *rs,
				    const char *device);

/* "VM desktop", "`kvmshim bind`", "what is left of VM desktop (see `kvmshim recover`)" */
const char *reserve_text(struct arena *a, const struct reservation *r);

/* The first stuck operation of this device whose child still sits in the kernel; NULL: none. */
const struct stuck *reserve_stuck(struct arena *a, const struct reservations *rs,
				  const char *device);
