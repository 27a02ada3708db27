/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct cmdline;

/*
 * Does this command line only probe the emulator, and start no VM: machine type none
 * (libvirt's probe of the capabilities), -help, -version, or help as the value of an option
 * that then prints a list? Such a command line passes unchanged.
 */
bool probe_is(const struct cmdline *c);
