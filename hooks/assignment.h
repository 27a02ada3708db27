/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/journal/journal.h"
#include "hooks/survey/wish.h"
#include "root.h"

struct arena;
struct err;
struct settings;

/*
 * Devices handed over as one transaction, for a VM or by hand:
 *
 *	reserve, judge, write the journal	under one lock, nothing changed
 *	act					undone as a whole where one step fails
 *	give back				from the journal alone
 *
 * Killed at any point, giving back restores the state before the first.
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
	/* for facts.json; NULL: there will be none */
	const struct facts *facts;
	const struct grants *grants;
	/* sentences for the log: what went wrong without stopping anything */
	struct strv notes;
};

/* Adds a device; -EEXIST where it is wished for already. */
int assignment_wish(struct assignment *h, const struct wish *w, struct err *err);

/*
 * Takes all that is wished for. 0, or -errno with why not: then all is as it was,
 * or, where even that failed, the journal is kept and says so.
 */
int assignment_make(struct assignment *h, struct err *err);

/* What assignment_make() would do, with nothing changed, not even in /run. */
int assignment_plan(struct assignment *h, struct journal *j, struct err *err);

/*
 * Gives back what the journal of h->uuid says; fine if there is none. Waits a moment for a
 * QEMU that is about to be gone; -EBUSY while one lives. only: of these devices
 * (and what shares their groups), NULL: of all.
 */
int assignment_return(struct assignment *h, const struct strv *only, struct err *err);

/* Does the journal's devices' state hold: each on its target? 0, or -ENOENT without a journal. */
int assignment_check(struct assignment *h, struct journal *j, struct err *err);

/*
 * Gives back what is left of the VM h->uuid if it is gone. 0: given back, or nothing was there; -EAGAIN
 * (no sentence): it is alive; another -errno: it could not be undone.
 */
int assignment_recover(struct assignment *h, struct err *err);
