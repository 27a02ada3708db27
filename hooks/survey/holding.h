/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/journal/journal.h"
#include "host/process/holders.h"

struct settings;

/* The meaning of a program that has a device open for an unbind; the later, the stricter. */
enum holding {
	HOLDING_NOTHING,
	HOLDING_NOTED, /* it is reported, and nothing else: libvirt does the unbind */
	HOLDING_TRIED, /* the unbind begins with it there */
	HOLDING_ASKED, /* it is asked to close the device, and then it is in use as by */
	HOLDING_REFUSED,
};

/* The function, and why the hook has it: libvirt binds a ROLE_MANAGED. */
struct held_device {
	const struct settings *settings;
	const char *address;
	enum role role;
};

enum holding holding_of(const struct held_device *d, const struct holder *h);

/* A process that could not be looked at may have any of these open. */
enum holding holding_of_hidden(const struct held_device *d, const struct nodes *nodes);
