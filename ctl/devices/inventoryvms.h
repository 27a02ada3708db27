/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct look;

/* Sets the VM of each device: by the journals, then by the command lines of QEMUs. */
void inventory_guests(struct look *l);
