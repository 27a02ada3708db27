/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "conf/settings.h"
#include "ctl/handed.h"
#include "ctl/inventory.h"

struct ctl;

/* What the parts of inventory_read() share. */

/* What the journals say of a device; all NULL: nothing. */
struct held {
	const struct handed *vm, *hand;
	const struct journal_device *noted;
	const struct stuck *stuck;
};

struct look {
	struct ctl *ctl;
	struct inventory *inv;
	struct settings settings;
	struct handed_list handed;
	struct held *held; /* one for each of inv */
	bool root;	   /* we may see all */
};

/* Which guest has what: by the journals, then by the command lines of QEMUs. */
void inventory_guests(struct look *l);

/* The state of each, once it is known who has what. */
void inventory_judge(struct look *l);
