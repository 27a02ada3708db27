/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "host/usb.h"

struct _xmlNode; /* libxml/tree.h */
struct arena;
struct err;

/* Those of <hostdev type='usb'>: QEMU opens each itself, and takes it from the driver of the host. */
struct usb_hostdevs {
	struct usb_wanted *v;
	size_t n, cap;
};

/* The element of one. 0, or -EINVAL with "line 12: …". */
int domainusb_take(struct arena *a, const struct _xmlNode *hostdev, struct usb_hostdevs *u,
		   struct err *err);
