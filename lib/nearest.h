/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct arena;

/* The word typed and the best candidate so far; nearest_try() each candidate. */
struct nearest {
	const char *word;
	const char *best;
	size_t distance;
};

void nearest_try(struct nearest *n, const char *candidate);

/* " (did you mean 'X'?)", or "" if nothing is near. */
const char *nearest_hint(struct arena *a, const struct nearest *n);
