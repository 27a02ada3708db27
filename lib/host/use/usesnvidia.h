/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct host;
struct strv;

/*
 * Does nvidia_drm drive this function with modeset=1? Then nvidia's own modules use the device,
 * and the unbind from driver nvidia waits for them in the kernel, for ever (nv_pci_remove() of
 * the driver: it waits until nobody uses the device).
 */
bool uses_nvidia_modeset(const struct host *host, const char *address);

/* The version of driver nvidia, "595.58"; NULL: it is not loaded. */
const char *uses_nvidia_version(const struct host *host);

/*
 * Is this a card of NVIDIA, and the driver so new (595) that an unbind that waits for a program
 * does not end with this program?
 */
bool uses_nvidia_lasting(const struct host *host, const char *address);

/*
 * A card of driver nvidia that is not among these addresses, and so needs its modules; NULL: none.
 * Virtual functions do not count: they are vGPUs of a card.
 */
const char *uses_nvidia_other(const struct host *host, const struct strv *addresses);
