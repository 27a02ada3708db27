/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct err;

/* Exit statuses of a launch that failed, as the shell has them. */
#define LAUNCH_CANNOT 126
#define LAUNCH_MISSING 127

/*
 * Becomes the real emulator. Returns only if that failed: the exit status, with err filled.
 * self is the program that must not be started again, whatever links lead to it: launch()
 * compares device and inode.
 */
int launch(const char *real, const char *self, const char *const *argv, struct err *err);

/* Is the real emulator self, by device and inode? */
bool launch_is_self(const char *real, const char *self);
