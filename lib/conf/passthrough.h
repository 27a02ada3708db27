/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/grants.h"
#include "conf/rules.h"

struct arena;
struct err;
struct facts;
struct mistakes;
struct names;
struct strv;

/*
 * The devices of this host, which lib/conf cannot read: the functions of a slot
 * ("0000:05:00") that exist, in order; pci_functions() behind a root.
 */
struct passthrough_host {
	/*
	 * May this VM have the disk or USB device of a pass-disk or pass-usb, which QEMU opens
	 * itself? 0 or -errno. NULL: nobody asks. Not asked if the rule allows a use by the host.
	 */
	int (*lend)(void *user, enum verb verb, const char *what, struct err *err);
	void (*functions)(void *user, struct arena *a, const char *slot, struct strv *functions);
	void *user;
};

/*
 * The host devices that rules pass to a VM. Only the facts are known that the hook has
 * (name, uuid, host, and the facts of Nova). The result has each function of each pass-pci
 * whose rule applies, and each mdev of each pass-mdev, with FILE:SECTION, and the units of
 * stop-units, start-units and pause-units. A device that is
 * passed twice is in it twice, for the wrapper to refuse. The result is that of the wrapper
 * with the same rules at a fresh start (on-incoming is not read). Each obstacle to that is
 * a mistake in m: an invalid address, a slot without functions, %n that may not be in a
 * path, and an earlier rule with last = yes that applies or not by a fact that only the
 * wrapper has. g is added to; g->known is the caller's.
 */
void passthrough_find(struct arena *a, const struct rule_set *rules, const struct facts *facts,
		 const struct names *names, const struct passthrough_host *host, struct grants *g,
		 struct mistakes *m);

/* The value of iommufd=, a word of both verbs: on or off. 0 or -EINVAL. */
int passthrough_iommufd(const char *value, bool *iommufd, struct err *err);
