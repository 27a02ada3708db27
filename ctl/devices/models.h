/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "ctl/devices/device.h"

struct ctl;

/* Graphics cards of one model, counted by state. */
struct model {
	const char *name;
	size_t total, of[DEVICE_STATES];
};

struct models {
	struct model *v;
	size_t n, cap;
	struct model all;
};

/* Sorted by name. */
void devices_models(struct ctl *ctl, const struct inventory *inv, struct models *models);
