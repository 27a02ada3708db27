/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct look;

/* The state of each, once it is known who has what. */
void inventory_judge(struct look *l);
