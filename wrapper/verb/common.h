/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "root.h"

struct edit;
struct err;
struct optval;

/* Help for the high verbs: ids, slots, and new options. */

/* A word -OPTION with a value put together like printf. Commas in %s are the caller's to double. */
void high_add(struct edit *e, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* front followed by the smallest number that makes an id which the command line does not have. */
const char *high_id(struct edit *e, const char *front);

/* The host, for the functions of lib/host. */
struct host high_host(const struct edit *e);

/* A slot of a PCI bus. json: a device in JSON makes the bus, so only devices in JSON can be on it. */
struct place {
	const char *bus;
	unsigned slot;
	bool json;
};

/* Finds a slot, on the bus bus= and at the slot addr= of the verb (each may be NULL): slots_find(). */
int high_slot(struct edit *e, const char *bus, const char *addr, struct place *place,
	      struct err *err);

/* ",bus=pci.0,addr=0x1f" */
const char *high_where(struct edit *e, const struct place *place);

/* -device with a value put together like printf, as JSON if wanted. -EINVAL if a value does not fit its type. */
int high_add_device(struct edit *e, bool json, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The device with this id, or NULL. */
const struct optval *high_device(struct edit *e, const char *id);

/* Does a device of the command line set this property to this value? Its id or kind, else NULL. */
const char *high_user_of(struct edit *e, const char *key, const char *value);
