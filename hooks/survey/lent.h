/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "conf/rules.h"

struct domain;
struct err;
struct host;
struct settings;

/*
 * Devices that QEMU opens itself, without VFIO: USB devices, and the disks of pass-disk. They
 * stay on their driver of the host until then, and need no journal; but what the host uses is
 * not given away. Changes nothing, takes no lock.
 */

/* The USB devices in the XML. 0, or -EBUSY with the reason. */
int lent_check(const struct host *host, const struct settings *settings, const struct domain *d,
	       struct err *err);

/*
 * The device of pass-usb (VENDOR:PRODUCT or BUS.PORT) or the disk of pass-disk. 0 also if it is
 * missing or the word has another form: the wrapper reports that.
 */
int lent_check_rule(const struct host *host, const struct settings *settings, enum verb verb,
		    const char *what, struct err *err);
