/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct grants;
struct host;
struct reservations;
struct strv;
struct subject;
struct survey;

/*
 * Looks which units, sessions and modules of its section there is something to do with. notes: a
 * sentence for each unit that is not stopped or started though the section names it.
 */
void hostunits_look(const struct host *host, const struct reservations *held, struct subject *s,
		    struct strv *notes);

/* The same for the units of rules, of which none is a device's; g NULL: no rules. */
void hostunits_of_rules(const struct host *host, const struct reservations *held,
			const struct grants *g, struct survey *out);
