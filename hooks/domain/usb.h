/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct _xmlNode; /* libxml/tree.h */
struct arena;
struct err;

/* <hostdev type='usb'>: QEMU opens it itself, and takes it from the driver of the host. */
struct usb_hostdev {
	const char *id;	   /* 04b9:0300; NULL: by its place */
	const char *ports; /* 4.2; NULL */
	unsigned bus, number; /* 0: by its id */
};

struct usb_hostdevs {
	struct usb_hostdev *v;
	size_t n, cap;
};

/* The element of one. 0, or -EINVAL with "line 12: …". */
int domainusb_take(struct arena *a, const struct _xmlNode *hostdev, struct usb_hostdevs *u,
		   struct err *err);
