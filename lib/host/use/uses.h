/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "host/process/process.h"
#include "str.h"

struct arena;
struct host;
struct subdevices;
struct pci_function;

/*
 * Why this host needs a network interface, in words that end a sentence ("eth0
 * …"): "carries the default route", "carries the IPv6 default route", "is a port
 * of bridge br0", "is a slave of bond bond0", "has eth0.5 (VLAN) on top" (any upper_*
 * link). NULL: nothing known.
 * From /sys/class/net/NAME and the routes of all tables (lib/host/use/routes.h); below a
 * KVMSHIM_ROOT and where netlink fails, from /proc/net/route and ipv6_route.
 */
const char *uses_of_interface(const struct host *host, const char *name);

/*
 * Why this host needs a function itself, in a sentence: an Ethernet function with a
 * driver and without an interface, which somebody in another network namespace has.
 * NULL: nothing known.
 */
const char *uses_of_function(const struct host *host, const struct pci_function *f,
			     const struct subdevices *b);

/*
 * Why a disk is claimed, in words: "nvme0n1p1 is mounted on /srv", "sda2 is swap",
 * "nvme0n1 is part of dm-0 (vg-root)", "nvme0n1 is behind loop0", "sda1 is given out
 * by the NVMe target NQN". From /proc/self/mountinfo, /proc/swaps, holders/ of the
 * disk and its partitions, and what loop and nvmet say. NULL: nothing that we can see.
 */
const char *uses_of_disk(const struct host *host, const char *name);

/*
 * Opens /dev/NAME with O_EXCL, as mount(2), swapon(2), device mapper, md and ZFS do:
 * a descriptor, -EBUSY where one of them has it in any namespace (and not only for the
 * moment that another hook takes to look), or another -errno.
 * -EBUSY as well where a loop device or an NVMe target has it, which claim nothing.
 * Opening a disk may read its partitions or wait for its controller: that is done as
 * act_open() does it, with a deadline in milliseconds and -ETIMEDOUT.
 */
int uses_claim_disk(const struct host *host, const char *name, int deadline, struct process *stuck);

/* What shows the host's console. */
struct console {
	struct strv vtcons;	  /* vtcon1: bound, and "frame buffer device" or "VGA+" */
	struct strv framebuffers; /* platform devices on the boot display: "efi-framebuffer/efi-framebuffer.0"
				     (driver/device), simple-framebuffer, vesa-framebuffer */
	struct process stuck;	  /* it hangs in looking; pid 0: no */
};

/*
 * The console that would go with this function: one on a frame buffer if it has
 * framebuffers (b->framebuffers) below it, or is the boot display with the firmware's
 * framebuffer and no other card has one; one in text mode if it is the boot display and
 * has not gone to VFIO. The firmware's framebuffer is told without a console as well,
 * for it holds memory of the boot display. deadline: for each look, in milliseconds.
 */
void uses_of_console(const struct host *host, const struct pci_function *f,
		     const struct subdevices *b, int deadline, struct console *c);

/* "/sys/class/vtconsole/vtcon1/bind" */
const char *uses_vtcon_path(struct arena *a, const char *vtcon);

/* "/sys/bus/platform/drivers/DRIVER/FILE" (bind, unbind); is that device bound to that driver? */
const char *uses_platform_path(struct arena *a, const char *driver, const char *file);
bool uses_platform_is_bound(const struct host *host, const char *driver, const char *device);
