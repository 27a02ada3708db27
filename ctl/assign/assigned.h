/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"
#include "hooks/survey/reserve.h"

struct ctl;
struct err;
struct settings;

/* What is handed over, to VMs and by hand: a journal each. */
struct assigned {
	const char *uuid;
	const char *problem; /* why its journal is not believed; NULL: it is */
	struct journal journal;
	enum life life;
	struct process holder; /* who, where it lives by a process */
};

struct assigned_list {
	struct assigned *v;
	size_t n, cap;
};

/*
 * All, in the order of their UUIDs; or, with `which`, those of the VM with this name or UUID.
 * 0, -ENOENT where nothing of that name is there, or -EACCES where they are not ours to see.
 */
int assigned_read(struct ctl *ctl, const char *which, struct assigned_list *out, struct err *err);

/* "VM desktop", "by hand (UUID)": fit for a terminal. */
const char *assigned_title(struct ctl *ctl, const char *uuid, const struct journal *j);

/* Does the process that hangs in the kernel still do so? */
bool assigned_is_stuck(struct ctl *ctl, const struct stuck *w);

/*
 * kvmshim.conf, for commands that act on journals: its mistakes are printed on stderr, all of
 * them, and what was right is in s. Returns how many there are.
 */
size_t assigned_settings(struct ctl *ctl, struct settings *s);

/* Only root may change what is handed over: false, having said so. A KVMSHIM_ROOT is anybody's. */
bool assigned_allowed(const struct ctl *ctl);
