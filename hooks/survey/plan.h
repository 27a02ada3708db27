/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/journal/journal.h"

struct arena;
struct survey;

/*
 * What is to be done with what was looked at, and found right by judge(): fills
 * the devices and steps of the journal. Pure.
 */
void plan_make(struct arena *a, const struct survey *survey, struct journal *j);
