/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct decision;
struct err;

/*
 * `check --qemu`: the names that rules use, held against what the real binary
 * lists. Adds to d->mistakes what would stop a VM there, and as warnings what
 * would only never match. 0, or -errno where the binary cannot be asked.
 */
int checkqemu(struct arena *a, const char *binary, struct decision *d, struct err *err);
