/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct below;
struct root;

/*
 * Why this host needs a network interface, in words that end a sentence ("eth0
 * …"): "carries the default route", "carries the IPv6 default route", "is a port
 * of bridge br0", "is a slave of bond bond0", "has eth0.5 (VLAN) on top" (any upper_*
 * link). NULL: nothing known.
 * From /proc/net/route, /proc/net/ipv6_route and /sys/class/net/NAME.
 */
const char *uses_of_interface(struct arena *a, const struct root *r, const char *name);

/*
 * Why a disk is claimed, in words: "nvme0n1p1 is mounted on /srv", "sda2 is swap",
 * "nvme0n1 is part of dm-0 (vg-root)". From /proc/self/mountinfo, /proc/swaps and
 * holders/ of the disk and its partitions. NULL: nothing that we can see.
 */
const char *uses_of_disk(struct arena *a, const struct root *r, const char *name);

/*
 * Opens /dev/NAME with O_EXCL, as mount(2), swapon(2), device mapper, md and ZFS do:
 * a descriptor, -EBUSY where one of them has it in any namespace, or another -errno.
 */
int uses_claim_disk(struct arena *a, const struct root *r, const char *name);

/* What shows the host's console. */
struct console {
	struct strv vtcons;	  /* vtcon1: bound, and "frame buffer device" */
	struct strv framebuffers; /* platform devices on the boot display: "efi-framebuffer/efi-framebuffer.0"
				     (driver/device), simple-framebuffer, vesa-framebuffer */
};

/*
 * The console that would go with this function: none unless it is the boot display or
 * has framebuffers (b->framebuffers) below it. The vtconsoles are those that are bound
 * to a frame buffer (/sys/class/vtconsole/vtconN/{name,bind}); a firmware's framebuffer
 * is told without one as well, for it holds memory of the boot display.
 */
void uses_of_console(struct arena *a, const struct root *r, bool boot_vga, const struct below *b,
		     struct console *c);

/* "/sys/class/vtconsole/vtcon1/bind" */
const char *uses_vtcon_path(struct arena *a, const char *vtcon);

/* "/sys/bus/platform/drivers/DRIVER/FILE" (bind, unbind); is that device bound to that driver? */
const char *uses_platform_path(struct arena *a, const char *driver, const char *file);
bool uses_platform_is_bound(struct arena *a, const struct root *r, const char *driver,
			    const char *device);
