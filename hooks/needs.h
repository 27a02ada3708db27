/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "hooks/memory/memory.h"

struct assignment;
struct journal;
struct reservations;
struct strv;
struct survey;

/* The needs of a VM other than its devices: memory, and limits of libvirt that allow both. */
struct needs {
	struct claims asked;
	struct growths grow;
};

/* Does anything have to be reserved for the VM? */
bool needs_any(const struct assignment *h);

/* Changes nothing; held: the journals of the other VMs, as they are now. */
void needs_judge(struct assignment *h, const struct reservations *held, const struct survey *survey,
		  struct needs *d, struct strv *refusals);

void needs_plan(struct assignment *h, const struct needs *d, struct journal *j);
