/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "conf/settings.h"
#include "ctl/assign/assigned.h"

struct ctl;
struct inventory;

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
