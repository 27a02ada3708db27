/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/journal.h"

struct arena;
struct settings;
struct survey;

/*
 * What is to be done with what was looked at, and found right by judge(): fills
 * the devices and steps of the journal. Pure.
 */
void plan_make(struct arena *a, const struct survey *survey, struct journal *j);

/* A step in words: "0000:03:00.0: unbind from nvme". */
const char *plan_step_text(struct arena *a, const struct step *s);
