/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text. What we take json-c takes too (it is the laxer one), and the
 * values agree; taking a member out or putting one in leaves every other one
 * as it was, and JSON.
 */
#include <errno.h>
#include <json-c/json.h>
#include <math.h>

#include "err.h"
#include "fuzz.h"
#include "wrapper/line/json.h"
#include "wrapper/line/optval.h"

/* ---- against json-c ---- */

static enum json_type type_of(const struct json_tree *t, size_t i, struct json_object *o)
{
	static const enum json_type types[] = {
		[JSON_OBJECT] = json_type_object, [JSON_ARRAY] = json_type_array,
		[JSON_STRING] = json_type_string, [JSON_BOOL] = json_type_boolean,
		[JSON_NULL] = json_type_null,
	};

	if (t->v[i].kind != JSON_NUMBER)
		return types[t->v[i].kind];
	return json_object_get_type(o) == json_type_double ? json_type_double : json_type_int;
}

static void same_string(const char *ours, struct json_object *o)
{
	must(strlen(ours) == (size_t)json_object_get_string_len(o) &&
		     str_eq(ours, json_object_get_string(o)),
	     "'%s', json-c has '%s'", ours, json_object_get_string(o));
}

static void same_number(const char *ours, struct json_object *o)
{
	char *end;

	errno = 0;
	if (json_object_is_type(o, json_type_double)) {
		double d = strtod(ours, &end);

		must(errno || d == json_object_get_double(o) || isnan(d), "%s is not %g", ours,
		     json_object_get_double(o));
	} else if (*ours == '-') {
		long long n = strtoll(ours, &end, 10);

		must(errno || n == json_object_get_int64(o), "%s, json-c has %jd", ours,
		     (intmax_t)json_object_get_int64(o));
	} else {
		unsigned long long n = strtoull(ours, &end, 10);

		must(errno || n == json_object_get_uint64(o), "%s, json-c has %ju", ours,
		     (uintmax_t)json_object_get_uint64(o));
	}
}

static size_t children(const struct json_tree *t, size_t parent)
{
	size_t n = 0;

	for (size_t i = 1; i < t->n; i++)
		n += t->v[i].parent == parent;
	return n;
}

/* The json-c value of each node; parents stand before children. */
static void same_values(struct arena *a, const struct json_tree *t, struct json_object *top)
{
	struct json_object **of = arena_alloc(a, t->n * sizeof(struct json_object *));

	of[0] = top;
	for (size_t i = 0; i < t->n; i++) {
		const struct json_node *node = &t->v[i];
		const char *plain = json_plain(a, t, node);
		struct json_object *in = of[node->parent];

		if (i && t->v[node->parent].kind == JSON_ARRAY)
			of[i] = json_object_array_get_idx(in, strtoul(node->key, NULL, 10));
		else if (i)
			must(json_object_object_get_ex(in, node->key, &of[i]), "no '%s' in json-c",
			     node->key);
		must(json_object_get_type(of[i]) == type_of(t, i, of[i]), "'%s': another type", plain);
		if (node->kind == JSON_STRING)
			same_string(plain, of[i]);
		else if (node->kind == JSON_NUMBER)
			same_number(plain, of[i]);
		else if (node->kind == JSON_BOOL)
			must(json_object_get_boolean(of[i]) == str_to_bool(plain), "not %s", plain);
		else if (node->kind == JSON_OBJECT)
			must((size_t)json_object_object_length(of[i]) == children(t, i), "members");
		else if (node->kind == JSON_ARRAY)
			must(json_object_array_length(of[i]) == children(t, i), "elements");
	}
}

static void compare(struct arena *a, const struct json_tree *t)
{
	struct json_tokener *tok = json_tokener_new_ex(1100);
	struct json_object *o =
		json_tokener_parse_ex(tok, t->text, (int)strlen(t->text) + 1);

	must(json_tokener_get_error(tok) == json_tokener_success, "json-c: %s: %s",
	     json_tokener_error_desc(json_tokener_get_error(tok)), t->text);
	if (t->n < 2000)
		same_values(a, t, o);
	json_object_put(o);
	json_tokener_free(tok);
}

/* json-c does not know \', ends keys at \u0000, and leaves its c0 80 alone. */
static bool json_c_differs(const char *text)
{
	return strstr(text, "\\'") || strstr(text, "\\u0000");
}

/* ---- edits ---- */

/* The top object's other members, byte for byte. */
static void members_same(const struct json_tree *t, const struct json_tree *u, size_t but)
{
	for (size_t i = 1; i < t->n; i++) {
		const struct json_node *n = &t->v[i], *m = NULL;

		if (n->parent || i == but)
			continue;
		for (size_t j = 1; j < u->n && !m; j++)
			m = u->v[j].parent == 0 && str_eq(u->v[j].key, n->key) ? &u->v[j] : NULL;
		must(m && n->end - n->start == m->end - m->start &&
			     memcmp(t->text + n->start, u->text + m->start, n->end - n->start) == 0,
		     "'%s': the member %s is not what it was", u->text, n->key);
	}
}

static void edit(struct arena *a, const struct json_tree *t, size_t which)
{
	static const struct qemuopts opts;
	const struct qemuopt *opt = qemuopt_find(&opts, "object");
	size_t node = 1 + which % (t->n - 1);
	struct optval v, w;
	const char *text;
	struct err err;

	must(optval_parse(a, opt, t->text, &v, &err) == 0, "%s", err.text);
	if (t->v[node].parent || strchr(t->v[node].key, '.'))
		return;
	text = optval_unset(a, &v, t->v[node].key);
	must(optval_parse(a, opt, text, &w, &err) == 0, "'%s': %s", text, err.text);
	members_same(t, &w.tree, node);
	must(children(&w.tree, 0) == children(t, 0) - 1, "'%s': not one less", text);
	if (optval_set(a, &v, t->v[node].key, "{\"x\":[1,null]}", true, &text, &err) == 0) {
		must(optval_parse(a, opt, text, &w, &err) == 0, "'%s': %s", text, err.text);
		members_same(t, &w.tree, node);
		must(str_eq(optval_get(&w, t->v[node].key)->value, "{\"x\":[1,null]}"), "'%s'", text);
	}
	if (optval_set(a, &v, "fuzz.new", "a/\"", false, &text, &err) == 0) {
		must(optval_parse(a, opt, text, &w, &err) == 0, "'%s': %s", text, err.text);
		must(str_eq(optval_get(&w, "fuzz.new")->value, "a/\""), "'%s'", text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct json_tree t;
	struct err err;
	const char *text;

	if (size < 2)
		return 0;
	text = arena_strndup(&arena, (const char *)data + 1, size - 1);
	json_value_len(&arena, text);
	if (json_scan(&arena, text, &t, &err) == 0) {
		if (!json_c_differs(text))
			compare(&arena, &t);
		if (t.v[0].kind == JSON_OBJECT && *text == '{' && t.n > 1)
			edit(&arena, &t, data[0]);
	}
	arena_free(&arena);
	return 0;
}
