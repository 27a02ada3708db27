/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;
struct root;
struct strv;

/* systemd's units, by systemctl(1) of the host. */

/* Those of the units that are active. */
void units_active(struct arena *a, const struct root *r, const struct strv *units,
		  struct strv *active);

int unit_stop(struct arena *a, const struct root *r, const char *unit, struct err *err);

/*
 * Starts it again. The count of its starts is forgotten first: a unit that is
 * stopped and started with each VM would run into its StartLimitBurst=.
 */
int unit_start(struct arena *a, const struct root *r, const char *unit, struct err *err);
