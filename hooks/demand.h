/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "hooks/memory.h"

struct handover;
struct journal;
struct reservations;
struct strv;
struct survey;

/* What a VM asks for besides its devices: memory, and that libvirt lets it have them. */
struct demand {
	struct claims asked;
	struct growths grow;
};

/* Is there anything that has to be reserved for it? */
bool demand_is_made(const struct handover *h);

/* Changes nothing; held: the journals of the others, as they are now. */
void demand_judge(struct handover *h, const struct reservations *held, const struct survey *survey,
		  struct demand *d, struct strv *refusals);

void demand_plan(struct handover *h, const struct demand *d, struct journal *j);
