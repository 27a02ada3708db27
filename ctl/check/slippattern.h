/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct condition;
struct pattern;

/* The mistake in a pattern of a condition, by its text alone, and what to write; NULL. */
const char *slippattern_find(struct arena *a, const struct condition *c, const struct pattern *p);

/* The same for CHANGE-ME, of shipped and of generated rules, in any text. */
const char *slippattern_placeholder(const char *text);
