/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A device's lock (device_lock() of the kernel): who binds, unbinds, or touches
 * driver_override holds it, so a bind that hangs makes those of the same device wait.
 * path is the device's; each is made when it is first asked for.
 */
struct devlock;

struct devlock *devlock_take(const char *path);
void devlock_drop(struct devlock *l);
