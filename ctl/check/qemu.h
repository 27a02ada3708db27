/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct decision;
struct err;

/*
 * `check --qemu`: compares the names that rules use with the lists of the real emulator. Adds to
 * d->mistakes each name with which a VM would not start, and as a warning each name that would
 * never match. 0, or -errno if the emulator cannot be asked.
 */
int checkqemu(struct arena *a, const char *binary, struct decision *d, struct err *err);
