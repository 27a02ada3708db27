/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Milliseconds of a clock that nobody sets (CLOCK_MONOTONIC): for deadlines and for how long something took. */
double clock_ms(void);

void clock_sleep(int ms);
