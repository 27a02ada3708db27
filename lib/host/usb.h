/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct host;

#define USB_DEVICES "/sys/bus/usb/devices"

/* A USB device that is plugged in: /sys/bus/usb/devices/BUS-PORT[.PORT…]. No hub is one. */
struct usb_device {
	const char *port;    /* 1-4.2: the port, which stays the same */
	const char *id;	     /* 04b9:0300 */
	const char *maker, *product; /* what it says of itself: anything; NULL */
	unsigned bus, number;	     /* /dev/bus/usb/001/003: number is another at each replug */
};

struct usb_devices {
	struct usb_device *v;
	size_t n, cap;
};

void usb_list(const struct host *host, struct usb_devices *devices);

/* Which USB devices are meant; a member that is NULL or 0 is not asked for. */
struct usb_wanted {
	const char *id;	      /* 04b9:0300, in either case */
	const char *ports;    /* 4.2: the ports of the bus that lead to it */
	unsigned bus, number;
};

/* The words of pass-usb: 04b9:0300, or 1.4.2 or 1-4.2 (a bus, and ports). false: neither. */
bool usb_wanted(const char *text, struct usb_wanted *w);

/* The devices that are plugged in and meant. */
void usb_find(const struct host *host, const struct usb_wanted *w, struct usb_devices *found);
