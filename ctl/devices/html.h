/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct inventory;

/* A page about all devices. */
const char *devices_html(struct ctl *ctl, const struct inventory *inv);
