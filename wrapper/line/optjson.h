/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct err;
struct optval;

/* optval's JSON half: the same three verbs on '{"driver":…}'. */
int optjson_read(struct arena *a, struct optval *v, struct err *err);
int optjson_set(struct arena *a, const struct optval *v, const char *key, const char *value,
		bool typed, const char **text, struct err *err);
const char *optjson_unset(struct arena *a, const struct optval *v, const char *key);

/* A scalar of JSON as key=value syntax writes it; NULL if the JSON is not a scalar. */
const char *optjson_untyped(struct arena *a, const char *json);
