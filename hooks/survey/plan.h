/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/journal/journal.h"

struct arena;
struct survey;

/*
 * Plans the steps for a survey that judge() accepted: fills the devices and steps of the
 * journal. Pure.
 */
void plan_make(struct arena *a, const struct survey *survey, struct journal *j);
