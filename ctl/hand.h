/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/settings.h"
#include "str.h"

struct command;
struct ctl;
struct handover;
struct journal;
struct journal_device;

/* What `bind` and `unbind` have in common: ADDRESS… [--dry-run]. */
struct hand {
	struct ctl *ctl;
	struct settings settings;
	size_t mistakes;       /* in kvmshim.conf; printed already */
	bool dry_run;
	struct strv addresses; /* spelled as sysfs does; of a function or a slot */
};

/* Reads the words and the settings. false: it ends here, with *status. */
bool hand_words(struct hand *h, struct ctl *ctl, const struct command *command, int argc,
		char **argv, int *status);

struct handover hand_over(struct hand *h, const char *uuid);

/* What went wrong without stopping anything. */
void hand_notes(const struct handover *over);

/*
 * "0000:03:00.0: nvme -> vfio-pci", and that it went along, if nobody named it. before may be
 * NULL: no driver. Nothing of a companion that stays as it is.
 */
void hand_change(const struct hand *h, const struct journal_device *d, const char *before,
		 bool named);

/* One line for each step, lane by lane; of an undoing in reverse. only: as lanes_undo() has it. */
void hand_plan(const struct hand *h, const struct journal *j);
void hand_plan_undo(const struct hand *h, const struct journal *j, const bool *only);
