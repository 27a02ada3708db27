/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct optval;
struct prop;
struct qemuopt;

/* The properties of a value by their keys, in each syntax. */

/* Do the two keys mean the same property of this option? */
bool optval_same_key(const struct qemuopt *opt, const char *a, const char *b);

/* Is this a mention of the property? */
bool optval_means(const struct optval *v, const struct prop *p, const char *key);

/* The property that counts: the last with that key, of -cpu by its precedence; NULL if absent. */
const struct prop *optval_get(const struct optval *v, const char *key);
