/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <time.h>

struct arena;

/* A time of day as ISO 8601 writes it, in UTC: "2026-11-21T14:03:05Z". */
const char *utc_text(struct arena *a, time_t when);

/* The time of such a text; false if it is NULL or not one. */
bool utc_read(const char *text, time_t *when);
