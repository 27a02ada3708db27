/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct filter;
struct inventory;
struct json_object;

/* The devices that the filter takes, for programs. */
struct json_object *devices_json(struct ctl *ctl, const struct inventory *inv,
				 const struct filter *f);
