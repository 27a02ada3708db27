/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "host/process/process.h"
#include "str.h"

struct arena;
struct host;
struct pci_function;
struct subdevices;

/* The parts that show the host's console. */
struct console {
	struct strv vtcons;	  /* vtcon1: bound, and "frame buffer device" or "VGA+" */
	struct strv framebuffers; /* platform devices on the boot display: "efi-framebuffer/efi-framebuffer.0"
				     (driver/device), simple-framebuffer, vesa-framebuffer */
	struct process stuck;	  /* it hangs in looking; pid 0: no */
};

/*
 * The console that would go with this function: one on a frame buffer if it has
 * framebuffers (b->framebuffers) below it, or is the boot display with the firmware's
 * framebuffer and no other card has one; one in text mode if it is the boot display and has
 * not gone to VFIO. The firmware's framebuffer is reported without a console as well,
 * because it holds memory of the boot display. deadline: for each look, in milliseconds.
 */
void uses_of_console(const struct host *host, const struct pci_function *f,
		     const struct subdevices *b, int deadline, struct console *c);

/* "/sys/class/vtconsole/vtcon1/bind" */
const char *uses_vtcon_path(struct arena *a, const char *vtcon);

/* "/sys/bus/platform/drivers/DRIVER/FILE" (bind, unbind); is that device bound to that driver? */
const char *uses_platform_path(struct arena *a, const char *driver, const char *file);
bool uses_platform_is_bound(const struct host *host, const char *driver, const char *device);
