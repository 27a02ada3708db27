/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct assignment;
struct host;
struct reservations;
struct survey;
struct wish;

/* Mediated devices of a survey: those that are wished for, and those made on its functions. */

/* Adds one that is wished for, and where it will be made: on none of the functions that are seen. */
void mediated_add(const struct assignment *h, const struct reservations *held, const struct wish *w,
		  struct survey *out);

/* Fills whose those are that are wished for, and which are made on each function. */
void mediated_own(const struct assignment *h, const struct reservations *held, struct survey *out);

/* Is each there, or not, as it was seen, and is there still place for it? */
bool mediated_holds(const struct host *host, const struct reservations *held,
		    const struct survey *s);
