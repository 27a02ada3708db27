/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "str.h"

struct arena;
struct err;

/*
 * The help texts of a QEMU binary. The path is one that trust_find_qemu() accepts. -errno: it
 * does not answer in time (-ETIMEDOUT), or it cannot be run; it may fail and print its list.
 */

/* The options of -help, without dashes. */
int qemuhelp_options(struct arena *a, const char *path, struct strv *names, struct err *err);

/* The machine types of -machine help. */
int qemuhelp_machines(struct arena *a, const char *path, struct strv *names, struct err *err);
