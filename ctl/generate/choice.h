/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/devices/device.h"
#include "host/usb.h"

struct ctl;
struct err;

/* The devices of this host that the words of `kvmshim generate KIND DEVICE…` match. */

/* A PCI function that was chosen. */
struct chosen {
	const struct device *device;
	bool whole;	 /* with all functions of its slot, which has more than one */
	bool by_address; /* this device, and not another of its model */
};

/* A USB device that was chosen. */
struct chosen_usb {
	const struct usb_device *device;
	bool by_port; /* by its port: on request, or because another device has its ID */
};

struct choice {
	struct ctl *ctl;
	struct inventory inv;
	struct usb_devices plugged;
	struct chosen *v;
	size_t n, cap;
	struct chosen_usb *usb;
	size_t n_usb, usb_cap;
};

/*
 * Adds the devices that a word matches. The word is an address of a function or a slot,
 * VENDOR:DEVICE, the port of a USB device (1-4.2), or a part of a name. A graphics card comes with
 * all functions of its slot. alike: if several equal devices match, all are added. Otherwise this
 * is an error, as is a name that matches different devices. 0, or -errno with a sentence that
 * lists them.
 */
int choice_add(struct choice *c, const char *word, bool alike, struct err *err);

/* "GeForce GTX 1080 Ti", for a comment. */
const char *chosen_name(const struct choice *c, const struct chosen *chosen);
const char *chosen_usb_name(const struct choice *c, const struct usb_device *d);

/* Another one that is plugged in and has its vendor:product; NULL. */
const struct usb_device *chosen_usb_twin(const struct choice *c, const struct usb_device *d);

/* "geforce-gtx-1080-ti", "geforce-gtx-1080-ti-audio": letters, digits and dashes. */
const char *chosen_slug(const struct choice *c, size_t i);

/* Is this the first chosen one of its slot, of its vendor:device? */
bool chosen_is_first_of_slot(const struct choice *c, size_t i);
bool chosen_is_first_of_id(const struct choice *c, size_t i);

/* The address to write: of the slot (0000:01:00), where all of that is meant. */
const char *chosen_address(const struct choice *c, const struct chosen *chosen);
