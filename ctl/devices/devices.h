/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/devices/inventory.h"

struct ctl;
struct json_object;
struct strbuf;

/* The shapes of `kvmshim devices`. */

/* Which of them are shown. */
struct filter {
	bool gpu, free;
	int group; /* -1: any */
};

bool filter_takes(const struct filter *f, const struct device *d);

void devices_table(struct ctl *ctl, const struct inventory *inv, const struct filter *f);
struct json_object *devices_json(struct ctl *ctl, const struct inventory *inv,
				 const struct filter *f);
const char *devices_html(struct ctl *ctl, const struct inventory *inv);
const char *devices_prometheus(struct ctl *ctl, const struct inventory *inv);

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

/* What pci.ids has in brackets is what people say: "GP102 [GeForce GTX 1080 Ti]". */
const char *device_short_name(struct arena *a, const struct device *d);

/* A word or two for the class: "vga", "nvme". */
const char *device_kind(const struct device *d);

/* "flr bus" */
const char *device_resets(struct arena *a, const struct device *d);
