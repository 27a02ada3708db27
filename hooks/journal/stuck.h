/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct stuck;

/* The sentences about an operation that does not finish in the kernel. */

/* The subject of such a sentence: a stuck write of a journal may have no device. */
const char *stuck_subject(const struct stuck *s);

/*
 * "0000:05:00.0 is stuck: REASON; …", with what the admin can do. lasting: it does not end when
 * the program ends (uses_nvidia_lasting()).
 */
const char *stuck_text(struct arena *a, const char *subject, const char *reason, bool lasting);

/* "unbind has not finished in the kernel (process 77)": a reason. */
const char *stuck_reason(struct arena *a, const struct stuck *s);
