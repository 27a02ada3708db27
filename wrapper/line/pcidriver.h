/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct cmdline;

/* Does -device DRIVER make a PCI device, which needs a slot? The name can be an alias. */
bool pcidriver_is(const struct cmdline *c, const char *driver);

/* The slots that a bridge of this driver gives to other devices. */
enum bridge_room {
	BRIDGE_NONE, /* it is no bridge */
	BRIDGE_PORT, /* slot 0 */
	BRIDGE_BUS,  /* all: a PCI bus, whose devices need not be PCI Express */
};
enum bridge_room pcidriver_room(const char *driver);
