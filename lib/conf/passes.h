/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "conf/grants.h"

struct arena;
struct facts;
struct mistakes;
struct names;
struct rule_set;

/*
 * The host devices that rules pass to a VM, of which only the facts are known
 * that the hook has (name, uuid, host, and Nova's): each function of each pass-pci
 * whose rule holds, each mdev of each pass-mdev, with FILE:SECTION. It comes to what the
 * wrapper comes to with the same rules. What keeps it from that is a mistake in m:
 * an address that is none, a slot without functions, %n that may not be in a
 * path, and a rule with last = yes before it that holds or not by a fact only the
 * wrapper has.
 */
void passes_find(struct arena *a, const struct rule_set *rules, const struct facts *facts,
		 const struct names *names, struct grants *g, struct mistakes *m);
