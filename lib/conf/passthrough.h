/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "conf/grants.h"

struct arena;
struct facts;
struct mistakes;
struct names;
struct rule_set;
struct strv;

/*
 * What this host has, which this room cannot ask: the functions of a slot
 * ("0000:05:00") that are there, in order; pci_functions() behind a root.
 */
struct passthrough_host {
	void (*functions)(void *user, struct arena *a, const char *slot, struct strv *functions);
	void *user;
};

/*
 * The host devices that rules pass to a VM, of which only the facts are known
 * that the hook has (name, uuid, host, and Nova's): each function of each pass-pci
 * whose rule holds, each mdev of each pass-mdev, with FILE:SECTION. A device that is
 * passed twice is there twice, for the wrapper to refuse. It comes to what the
 * wrapper comes to with the same rules at a fresh start (on-incoming is not
 * looked at). What keeps it from that is a mistake in m: an address that is none,
 * a slot without functions, %n that may not be in a path, and a rule with
 * last = yes before it that holds or not by a fact only the wrapper has.
 * g is added to; g->known is the caller's.
 */
void passthrough_find(struct arena *a, const struct rule_set *rules, const struct facts *facts,
		 const struct names *names, const struct passthrough_host *host, struct grants *g,
		 struct mistakes *m);
