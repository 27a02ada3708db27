/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/settings.h"
#include "ctl/options.h"
#include "str.h"

struct command;
struct ctl;
struct assignment;
struct journal;
struct journal_device;

/* The words of `bind` and `unbind`: ADDRESS… [--dry-run]. */
struct byhand {
	struct ctl *ctl;
	struct settings settings;
	size_t mistakes;       /* in kvmshim.conf; printed already */
	bool dry_run;
	struct strv words;     /* the operands, as they are given */
	struct strv addresses; /* spelled as sysfs does; of a function or a slot */
};

/* Reads the words and the settings. false: it ends here, with *status. */
bool byhand_words(struct byhand *h, struct ctl *ctl, const struct command *command, int argc,
		  char *const *argv, int *status);

extern const struct option_row byhand_options[];
#define BYHAND_OPERANDS \
	{ .name = "ADDRESS", .needed = true, .many = true, .at = offsetof(struct byhand, words) }

struct assignment byhand_over(struct byhand *h, const char *uuid);

/* Prints the problems that stopped nothing. */
void byhand_notes(const struct assignment *over);

/*
 * "0000:03:00.0: nvme -> vfio-pci", and that it went along, if nobody named it. before may be
 * NULL: no driver. Nothing of a companion that stays as it is.
 */
void byhand_change(const struct byhand *h, const struct journal_device *d, const char *before,
		 bool named);

/* Prints a line for each step, lane by lane; to undo them, in reverse. only: see lanes_undo(). */
void byhand_plan(const struct byhand *h, const struct journal *j);
void byhand_plan_undo(const struct byhand *h, const struct journal *j, const bool *only);
