/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "conf/settings.h"
#include "ctl/assign/assigned.h"

struct ctl;
struct inventory;

/* The record that the parts of inventory_read() fill. */

/* The entries of a device in the journals; all NULL: it has none. */
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
	bool root;	   /* this user can read all */
};
