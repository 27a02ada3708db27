/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesusb.h"

#include <errno.h>

#include "arena.h"
#include "err.h"
#include "host/pci/subdevices.h"
#include "host/usb.h"
#include "host/use/uses.h"
#include "host/use/usesdisk.h"
#include "root.h"
#include "str.h"

static void add(const struct host *host, struct strv *uses, const char *use)
{
	if (use)
		strv_push(host->arena, uses, use);
}

void uses_of_usb(const struct host *host, const struct usb_device *d, struct subdevices *below,
		 struct strv *uses)
{
	int rc = subdevices_below(host, arena_printf(host->arena, USB_DEVICES "/%s", d->port),
				  below);

	if (rc < 0 && rc != -ENOENT)
		add(host, uses,
		    arena_printf(host->arena, "the devices below it cannot be read (%s)",
				 err_reason(-rc)));
	for (size_t i = 0; i < below->disks.n; i++)
		add(host, uses, uses_of_disk(host, below->disks.v[i]));
	for (size_t i = 0; i < below->interfaces.n; i++) {
		const char *name = below->interfaces.v[i], *use = uses_of_interface(host, name);

		add(host, uses, use ? arena_printf(host->arena, "%s %s", name, use) : NULL);
	}
}
