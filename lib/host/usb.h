/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct host;

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
