/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct filter;
struct inventory;

/* Prints the devices that the filter takes, as a table. */
void devices_table(struct ctl *ctl, const struct inventory *inv, const struct filter *f);
