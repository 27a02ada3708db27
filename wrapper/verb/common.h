/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "root.h"

struct edit;
struct err;
struct params;

/* Help for the high verbs: ids, slots, and new options. */

/* A word -OPTION with a value put together like printf. Commas in %s are the caller's to double. */
void high_add(struct edit *e, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* front followed by the smallest number that makes an id which the command line does not have. */
const char *high_id(struct edit *e, const char *front);

/* The host, for the functions of lib/host. */
struct host high_host(const struct edit *e);

/* ",bus=pci.0,addr=0x1f": a slot of the first bus, the slot of addr= if given. */
int high_slot(struct edit *e, const struct params *p, const char **where, struct err *err);

/* Does a device of the command line set this property to this value? Its id or kind, else NULL. */
const char *high_user_of(struct edit *e, const char *key, const char *value);
