/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct inventory;

/* Metrics of all devices. */
const char *devices_prometheus(struct ctl *ctl, const struct inventory *inv);
