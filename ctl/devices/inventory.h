/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct inventory;

/* Looks at all PCI functions of the host, and changes nothing. */
void inventory_read(struct ctl *ctl, struct inventory *inv);
