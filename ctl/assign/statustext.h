/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct assigned;
struct ctl;

/*
 * Prints a line about the journal, and a line for each device and each stuck operation. steps:
 * also for each step, with its time.
 */
void status_text(struct ctl *ctl, const struct assigned *h, bool steps);
