/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/journal/journal.h"
#include "hooks/survey/wish.h"
#include "root.h"

struct arena;
struct err;
struct settings;

/*
 * Devices that are assigned as one transaction, to a VM or by hand:
 *
 *	reserve, judge, write the journal	under one lock, nothing changed
 *	act					undone as a whole if one step fails
 *	return					from the journal alone
 *
 * If it is killed at any point, a return restores the state before the first step.
 */
struct assignment {
	struct host host;
	const struct settings *settings;
	enum journal_kind kind;
	const char *uuid, *name;
	struct process daemon; /* who asks, and waits; pid 0: nobody that matters later */
	struct wishes wishes;
	/* what the VM asks for; NULL: nothing */
	const struct domain_memory *memory;
	/* for facts.json; NULL: the hook will not write it */
	const struct facts *facts;
	const struct grants *grants;
	/* sentences for the log: what went wrong without stopping anything */
	struct strv notes;
	/* those of judge(), which become notes if all devices are assigned */
	struct strv remarks;
};

/* Adds a device; -EEXIST if it is requested already. */
int assignment_wish(struct assignment *h, const struct wish *w, struct err *err);

/*
 * Assigns all requested devices. 0, or -errno with the reason: then all is as before, or,
 * if the undo failed too, the journal is kept and says so.
 */
int assignment_make(struct assignment *h, struct err *err);

/* Plans the steps of assignment_make(), and changes nothing, not even in /run. */
int assignment_plan(struct assignment *h, struct journal *j, struct err *err);

/*
 * Returns the devices in the journal of h->uuid; 0 if no journal exists. Waits a moment for
 * a QEMU that is about to end; -EBUSY while it runs. only: these devices (and the devices
 * of the same IOMMU groups), NULL: all.
 */
int assignment_return(struct assignment *h, const struct strv *only, struct err *err);

/* Has each device of the journal still its target driver? 0, or -ENOENT without a journal. */
int assignment_check(struct assignment *h, struct journal *j, struct err *err);

/*
 * Returns the devices of the VM h->uuid if it has stopped. 0: returned, or it had none;
 * -EAGAIN (no sentence): it is alive; another -errno: a step could not be undone.
 */
int assignment_recover(struct assignment *h, struct err *err);
