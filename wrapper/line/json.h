/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

/*
 * JSON as QEMU reads it (qobject/json-lexer.c, json-parser.c): RFC 8259, and strings in single
 * quotes too. Without its strict mode, json-c accepts input that QEMU refuses (duplicate keys,
 * a trailing comma, comments, True). json-c's strict mode refuses the single quotes. Also, an
 * edit must not change any other byte. So this code finds the position of each value and
 * follows QEMU's grammar; json-c decodes and encodes the values.
 */
enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

struct json_node {
	enum json_kind kind;
	size_t parent;	   /* index; the top value is 0 and its own parent */
	const char *key;   /* decoded; an array's elements are "0", "1", … */
	size_t path_len;   /* of its path, "a.b.0": all the keys that lead to it */
	size_t key_start;  /* of a member's key, else of the value */
	size_t start, end; /* of the value */
	bool has_children;
};

struct json_tree {
	const char *text;
	struct json_node *v; /* in the order of the text, parents before children */
	size_t n, cap;
};

/* 0, or -EINVAL for what QEMU would refuse. The whole text must be one value. */
int json_scan(struct arena *a, const char *text, struct json_tree *tree, struct err *err);

/* Length of the JSON value at the start of text (more text may follow), 0 if it has none. */
size_t json_value_len(struct arena *a, const char *text);

/*
 * A value as the key=value syntax would write it: a string decoded, on or off for a bool, else
 * the text itself.
 */
const char *json_plain(struct arena *a, const struct json_tree *tree, const struct json_node *node);

/*
 * The path of a node below the top value, and a comparison that does not make it: a text of N
 * bytes may be N/2 deep, so that all its paths together have N² bytes.
 */
const char *json_path(struct arena *a, const struct json_tree *tree, const struct json_node *node);
bool json_path_is(const struct json_tree *tree, const struct json_node *node, const char *path);

/* "text" as a JSON string with its quotes, `/` not escaped; NULL if it is not UTF-8. */
const char *json_quote(struct arena *a, const char *text);

/* An integer or real number in JSON's own spelling. */
bool json_is_number(const char *text);
