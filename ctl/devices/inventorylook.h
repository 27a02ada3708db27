/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "conf/settings.h"
#include "ctl/assign/assigned.h"
#include "ctl/devices/inventory.h"

struct ctl;

/* What the parts of inventory_read() share. */

/* What the journals say of a device; all NULL: nothing. */
struct held {
	const struct assigned *vm, *hand;
	const struct journal_device *noted;
	const struct stuck *stuck;
};

struct look {
	struct ctl *ctl;
	struct inventory *inv;
	struct settings settings;
	struct assigned_list assigned;
	struct held *held; /* one for each of inv */
	bool root;	   /* we may see all */
};

/* Which guest has what: by the journals, then by the command lines of QEMUs. */
void inventory_guests(struct look *l);

/* The state of each, once it is known who has what. */
void inventory_judge(struct look *l);
