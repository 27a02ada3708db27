/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct strv;
struct subdevices;
struct usb_device;

/*
 * Why this host uses a USB device, in sentences: a disk of it that uses_of_disk() knows a use
 * of, a network interface that uses_of_interface() knows one of, or that what is below it
 * cannot be read. *below: what is below it in sysfs.
 */
void uses_of_usb(const struct host *host, const struct usb_device *d, struct subdevices *below,
		 struct strv *uses);
