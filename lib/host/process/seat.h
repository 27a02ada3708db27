/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct host;

/*
 * Seats and sessions, as systemd-logind notes them in /run/systemd: a seat is a screen with its
 * keyboard, and a session is a login of a user there.
 */

/* "seat0" for the session of session-2.scope; NULL: the unit is not of a session, or it has no seat. */
const char *seat_of_unit(const struct host *host, const char *unit);

/* Is somebody logged in there, or a greeter shown? */
bool seat_has_sessions(const struct host *host, const char *seat);
