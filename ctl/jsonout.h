/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json.h>
#include <stddef.h>

struct arena;
struct mistakes;

/* Building blocks of every --json output. Bytes that are not UTF-8 become U+FFFD. */
struct json_object *jsonout_string(struct arena *a, const char *s); /* NULL: null */
struct json_object *jsonout_words(struct arena *a, const char *const *words);
struct json_object *jsonout_mistakes(struct arena *a, const struct mistakes *m);
void jsonout_add(struct arena *a, struct json_object *o, const char *key, const char *value);

/* Prints it, and frees it. */
void jsonout_print(struct json_object *o);
