/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct look;

/* Sets the state of each device. inventory_guests() has to run first. */
void inventory_judge(struct look *l);
