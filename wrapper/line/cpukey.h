/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Do two names mean the same property of an x86 CPU? `_` and `-` are the same,
 * and some have a second name (x86_cpu_initfn() of target/i386/cpu.c).
 */
bool cpukey_same(const char *a, const char *b);
