/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct mistakes;

/*
 * The JSON of state files and of --json: json-c, at its strictest. All that is written is
 * ASCII, and json-c gets nothing else to read: its strict mode has refused every byte above
 * ASCII in some versions (0.18), and a journal that cannot be read returns no device.
 */

static inline void cleanup_json(struct json_object **o)
{
	json_object_put(*o);
}

#define _cleanup_json_ __attribute__((cleanup(cleanup_json)))

/*
 * The object that all of the text is (at most INT_MAX - 1 bytes, with a NUL behind them):
 * UTF-8, at most eight deep, and RFC 8259, with the additions that json-c's strict mode
 * still accepts (NaN, a key in single quotes). The caller owns it; NULL for anything else.
 * Of two members with one name it has the last.
 */
struct json_object *jsondoc_parse(const char *text, size_t len);

/* Bytes that are not UTF-8 become U+FFFD; NULL becomes null. */
struct json_object *jsondoc_string(struct arena *a, const char *s);

/*
 * The same for a state file: jsondoc_kept() has the bytes again, whatever they are. A byte that
 * is not UTF-8 is written as U+10F780 to U+10F7FF, and so is each byte of such a character.
 */
struct json_object *jsondoc_keep(struct arena *a, const char *s);

/* The bytes of a string of a state file; NULL if it has a NUL in it. */
const char *jsondoc_kept(struct arena *a, struct json_object *o);

/* The length of a list; 0 for anything else. */
size_t jsondoc_length(const struct json_object *list);

/* A member that is true or false; false where it is missing. 0, or -EINVAL with the reason. */
int jsondoc_flag(const struct json_object *o, const char *key, bool *flag, struct err *err);

/* Adds the member, true, if the flag is set. */
void jsondoc_add_flag(struct json_object *o, const char *key, bool flag);

/* A list of strings; words ends with NULL. */
struct json_object *jsondoc_words(struct arena *a, const char *const *words);

/* A member; null if the value is NULL. */
void jsondoc_put(struct arena *a, struct json_object *o, const char *key, const char *value);

/* A member, unless the value is NULL. */
void jsondoc_add(struct arena *a, struct json_object *o, const char *key, const char *value);

/* The same with jsondoc_keep(). */
void jsondoc_add_kept(struct arena *a, struct json_object *o, const char *key, const char *value);

/* A list: file, line, severity and text of each mistake. */
struct json_object *jsondoc_mistakes(struct arena *a, const struct mistakes *m);

/* As people read it, with a newline at the end, and nothing in it that is not ASCII. */
const char *jsondoc_text(struct arena *a, struct json_object *o);
