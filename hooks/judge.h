/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "str.h"

struct arena;
struct settings;
struct survey;

/*
 * May all that was looked at be taken? Pure. Adds one sentence for each reason
 * against it, which names the device, what is in the way, and what to do;
 * none: it may. A holder or a claimed disk is no reason here where time or
 * stopping units may change it: OP_FREE decides then.
 */
void judge(struct arena *a, const struct settings *settings, const struct survey *survey,
	   struct strv *refusals);
