/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct reservations;
struct settings;
struct survey;

/*
 * Looks at the bridges above the functions of the survey: the attributes that their sections of
 * kvmshim.conf set while a VM has a device below. notes: a sentence for each section with a key
 * that a bridge does not have.
 */
void ports_look(const struct host *host, const struct settings *settings,
		const struct reservations *held, struct survey *out);
