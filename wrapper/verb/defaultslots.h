/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct cmdline;
struct slots;

/*
 * Marks the slots of the devices to which the command line gives no address, where QEMU puts
 * them: each in the lowest slot whose function 0 is free when it is made. First come those of
 * the machine (VGA, network cards, sound), then -device in key=value form, then the disks of
 * -drive if=virtio, then -device in JSON (qemu_create_cli_devices() of QEMU's vl.c).
 */
void defaultslots_mark(const struct cmdline *c, struct slots *s);
