/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct host;
struct strv;

/* systemd's units, by systemctl(1) of the host. */

/* Lists the units that are active. */
void units_active(const struct host *host, const struct strv *units, struct strv *active);

int unit_stop(const struct host *host, const char *unit, struct err *err);

/*
 * Starts it again. The count of its starts is forgotten first: a unit that is
 * stopped and started with each VM would run into its StartLimitBurst=.
 */
int unit_start(const struct host *host, const char *unit, struct err *err);
