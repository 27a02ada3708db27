/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Milliseconds of a clock that nobody sets (CLOCK_MONOTONIC): for deadlines and for how long something took. */
double clock_ms(void);

/* Milliseconds until then, for poll(2): rounded up, and 0 once it is over. */
int clock_left(double until);

void clock_sleep(int ms);
