/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"
#include "hooks/survey/reserve.h"

struct ctl;
struct err;
struct settings;

/* The devices that are assigned to a VM, or bound by hand: one journal. */
struct assigned {
	const char *uuid;
	const char *problem; /* why the journal cannot be used; NULL: it can */
	struct journal journal;
	enum life life;
	struct process holder; /* the process by which it lives; pid 0: none */
};

struct assigned_list {
	struct assigned *v;
	size_t n, cap;
};

/*
 * Reads all journals, in the order of their UUIDs; with `which`, the journals of the VM with
 * this name or UUID. 0, -ENOENT if no journal has this name, or -EACCES if only root can read
 * them.
 */
int assigned_read(struct ctl *ctl, const char *which, struct assigned_list *out, struct err *err);

/* "VM desktop", "by hand (UUID)": fit for a terminal. */
const char *assigned_title(struct ctl *ctl, const char *uuid, const struct journal *j);

/* Does the process that hangs in the kernel still do so? */
bool assigned_is_stuck(struct ctl *ctl, const struct stuck *w);

/*
 * kvmshim.conf, for commands that act on journals: its mistakes are printed on stderr, all of
 * them, and what was right is in s. Returns the number of mistakes.
 */
size_t assigned_settings(struct ctl *ctl, struct settings *s);

/*
 * Only root may assign and return devices: false, and the reason is printed. With a KVMSHIM_ROOT
 * every user may.
 */
bool assigned_allowed(const struct ctl *ctl);
