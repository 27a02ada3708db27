/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct assignment;
struct host;
struct reservations;
struct survey;
struct wish;

/* Mediated devices of a survey: the requested ones, and devices that exist on its functions. */

/* Adds a requested one, and its parent: never one of the functions in the survey. */
void mediated_add(const struct assignment *h, const struct reservations *held, const struct wish *w,
		  struct survey *out);

/* Fills the owners of the requested ones, and the devices that exist on each function. */
void mediated_own(const struct assignment *h, const struct reservations *held, struct survey *out);

/* Is each present or absent, as it was seen, and do the parents still have place for it? */
bool mediated_holds(const struct host *host, const struct reservations *held,
		    const struct survey *s);
