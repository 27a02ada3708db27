/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct device;

/* The words for a device that more than one shape of `kvmshim devices` has. */

/* The name in brackets, which people use, if pci.ids has one: "GP102 [GeForce GTX 1080 Ti]". */
const char *device_short_name(struct arena *a, const struct device *d);

/* A word or two for the class: "vga", "nvme". */
const char *device_kind(const struct device *d);

/* "flr bus" */
const char *device_resets(struct arena *a, const struct device *d);
