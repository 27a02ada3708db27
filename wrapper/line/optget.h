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

/*
 * Its key: in JSON the path, "a.b.0". Its value: a bool of JSON is on or off, an object its
 * text. Of JSON each is made when it is asked for, because all together are of N² bytes.
 */
const char *optval_key(const struct optval *v, const struct prop *p);
const char *optval_value(const struct optval *v, struct prop *p);

/* The property that counts, with its value: the last with that key, of -cpu by its precedence; NULL if absent. */
const struct prop *optval_get(const struct optval *v, const char *key);
