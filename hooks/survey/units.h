/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct err;
struct host;
struct strv;

/* systemd's units, by systemctl(1) of the host. */

/*
 * Lists the units that are active. where: "kvmshim.conf", or what else names them. notes: a sentence for each that systemd does not know, for
 * nothing is stopped then; sentences are there once.
 */
void units_active(const struct host *host, const struct strv *units, struct strv *active,
		  const char *where, struct strv *notes);

/* Is it active? No, if that is unknown: then its start says why. */
bool unit_is_active(const struct host *host, const char *unit);

int unit_stop(const struct host *host, const char *unit, struct err *err);

/*
 * Starts it again, but for a scope, which nobody can start. The count of its starts is forgotten
 * first: a unit that is stopped and started with each VM would run into its StartLimitBurst=.
 */
int unit_start(const struct host *host, const char *unit, struct err *err);

/* Ends the sessions of a seat, by loginctl(1), and waits a while until they are gone. */
int sessions_end(const struct host *host, const char *seat, struct err *err);
