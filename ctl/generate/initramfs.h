/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct choice;
struct err;

/* Can the initramfs bind all of these? 0, or -errno with the reason. */
int generate_initramfs_check(const struct choice *c, struct err *err);

/* A shell program that installs a script for the initramfs, printed to stdout. */
void generate_initramfs(struct choice *c);
