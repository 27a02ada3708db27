/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct cmdline;

/*
 * Is this not the start of a VM but a question to the emulator: machine type
 * none (libvirt's capability probe), -help, -version, or help as the value of
 * an option that lists what there is? Such a line passes untouched.
 */
bool probe_is(const struct cmdline *c);
