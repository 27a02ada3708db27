/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct choice;

/* Texts for VFIO at boot, printed to stdout. */
void generate_grub(struct choice *c);
void generate_modprobe(struct choice *c);

/* The lines of these two alone, with this before each line: juju has both. */
void generate_kernel_line(struct choice *c, const char *before);
void generate_modules(struct choice *c, const char *before);
