/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/*
 * The architecture of the VMs of an emulator, by its path: qemu-system-ARCH[.real]. qemu-kvm and
 * kvm are of the host's own architecture. NULL if the host does not say which it has.
 */
const char *arch_of(struct arena *a, const char *emulator);
