/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/optjson.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/optval.h"
#include "wrapper/line/proptype.h"

/* ---- reading ---- */

int optjson_read(struct arena *a, struct optval *v, struct err *err)
{
	int rc = json_scan(a, v->text, &v->tree, err);

	if (rc)
		return rc;
	for (size_t i = 1; i < v->tree.n; i++) {
		const struct json_node *node = &v->tree.v[i];

		*arena_push(a, v->props, v->n, v->cap) = (struct prop){
			.start = node->key_start,
			.end = node->end,
			.node = i,
		};
	}
	return 0;
}

/* ---- the JSON text of a value ---- */

/*
 * 0x…, and the suffixes K to E of key=value sizes (qemu_strtosz: powers of 1024).
 * Not 010: QEMU reads that as 8 for an int and as 10 for a size.
 */
static const char *number_text(struct arena *a, const char *value)
{
	static const char suffixes[] = "BKMGTPE";
	uint64_t n;
	char *end;
	const char *suffix;
	unsigned shift = 0;

	if (json_is_number(value))
		return value;
	errno = 0;
	n = strtoull(value, &end, 0);
	if (errno || !isdigit((unsigned char)*value) || (*value == '0' && isdigit((unsigned char)value[1])))
		return NULL;
	suffix = isalpha((unsigned char)*end) ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
	if (suffix && end[1] == '\0')
		shift = 10 * (unsigned)(suffix - suffixes);
	else if (*end)
		return NULL;
	if (shift && n > UINT64_MAX >> shift)
		return NULL;
	return arena_printf(a, "%" PRIu64, n << shift);
}

static int typed_text(struct arena *a, const char *key, const char *value, enum json_kind kind,
		      const char **text, struct err *err)
{
	int on = str_to_bool(value);

	switch (kind) {
	case JSON_BOOL:
		if (on < 0)
			return err_set(err, EINVAL, "%s must be on or off, not '%s'", key, value);
		*text = on ? "true" : "false";
		return 0;
	case JSON_NUMBER:
		*text = number_text(a, value);
		if (!*text)
			return err_set(err, EINVAL, "%s must be a number, not '%s'", key, value);
		return 0;
	case JSON_STRING:
		*text = json_quote(a, value);
		if (!*text)
			return err_set(err, EINVAL,
				       "%s: the value must be UTF-8, because this argument is JSON",
				       key);
		return 0;
	default:
		return err_set(err, EINVAL, "%s is not a single value here; write %s:=JSON", key,
			       key);
	}
}

/* The kind of object that the option makes: its driver, qom-type, backend… */
static const char *what(const struct optval *v)
{
	const struct prop *p = v->opt->implied ? optval_get(v, v->opt->implied) : NULL;

	return p ? p->value : "";
}

static int value_text(struct arena *a, const struct optval *v, const struct prop *p,
		      const char *key, const char *value, const char **text, struct err *err)
{
	enum json_kind kind = p ? v->tree.v[p->node].kind :
				  proptype(v->opt->name, what(v), key, value);

	if (kind == JSON_NUMBER && proptype_is_string(v->opt->name, what(v), key))
		kind = JSON_STRING;
	return typed_text(a, key, value, kind, text, err);
}

/* ---- writing ---- */

/* Adds a new member to this object: before its closing bracket. */
static const char *add_member(struct arena *a, const struct optval *v, size_t parent,
			      const char *key, const char *value)
{
	const struct json_node *o = &v->tree.v[parent];
	size_t at = o->end - 1;

	while (o->has_children && strchr(" \t\r\n", v->text[at - 1]))
		at--;
	return str_splice(a, v->text, at, at,
			  arena_printf(a, "%s%s:%s", o->has_children ? "," : "",
				       json_quote(a, key), value));
}

/* Does the path begin with that of this node, and go on? above: its parent's does, or is the top. */
static bool leads_to(const struct json_node *node, bool above, const char *path)
{
	size_t len = strlen(node->key);

	return above && path[node->path_len] == '.' &&
	       memcmp(path + node->path_len - len, node->key, len) == 0;
}

/* "a.b.c" if only a exists: finds the object to add to, and the rest of the path. */
static int find_parent(struct arena *a, const struct optval *v, const char *path, size_t *parent,
		       const char **rest, struct err *err)
{
	const struct json_tree *t = &v->tree;
	bool *leads = arena_alloc(a, t->n * sizeof(*leads));
	size_t len = strlen(path);

	*parent = 0;
	*rest = path;
	leads[0] = true;
	for (size_t i = 1; i < t->n; i++) {
		const struct json_node *node = &t->v[i];

		leads[i] = node->path_len < len && leads_to(node, leads[node->parent], path);
		if (!leads[i] || (node->kind != JSON_OBJECT && v->opt->flags & OPT_FLAT))
			continue;
		if (node->kind != JSON_OBJECT)
			return err_set(err, EINVAL, "%s: %s is not an object", path,
				       json_path(a, t, node));
		*parent = i;
		*rest = path + node->path_len + 1;
	}
	return 0;
}

/* "b.c" and a value: the first key, and the objects on the way to the value. */
static const char *wrap_value(struct arena *a, const char **key, const char *value)
{
	struct strbuf b = { .arena = a };
	const char *dot = strchr(*key, '.'), *next;
	size_t depth = 0;

	if (!dot)
		return value;
	for (const char *at = dot; at; at = next, depth++) {
		next = strchr(at + 1, '.');
		strbuf_addc(&b, '{');
		strbuf_add(&b, json_quote(a, next ? arena_strndup(a, at + 1, (size_t)(next - at - 1)) :
						    at + 1));
		strbuf_addc(&b, ':');
	}
	strbuf_add(&b, value);
	while (depth--)
		strbuf_addc(&b, '}');
	*key = arena_strndup(a, *key, (size_t)(dot - *key));
	return b.text;
}

static int add_path(struct arena *a, const struct optval *v, const char *key, const char *value,
		    const char **text, struct err *err)
{
	const char *rest;
	size_t parent;
	int rc = find_parent(a, v, key, &parent, &rest, err);

	if (rc)
		return rc;
	if (!(v->opt->flags & OPT_FLAT))
		value = wrap_value(a, &rest, value);
	*text = add_member(a, v, parent, rest, value);
	return 0;
}

int optjson_set(struct arena *a, const struct optval *v, const char *key, const char *value,
		bool typed, const char **text, struct err *err)
{
	const struct prop *p = optval_get(v, key);
	int rc = 0;

	if (!json_quote(a, key))
		return err_set(err, EINVAL, "the name of a property must be UTF-8");
	if (!typed)
		rc = value_text(a, v, p, key, value, &value, err);
	if (rc)
		return rc;
	if (!p)
		return add_path(a, v, key, value, text, err);
	*text = str_splice(a, v->text, v->tree.v[p->node].start, p->end, value);
	return 0;
}

/* A member goes with the comma after it, the last one with the comma before it. */
const char *optjson_unset(struct arena *a, const struct optval *v, const char *key)
{
	const struct prop *p = optval_get(v, key);
	const char *text = v->text;
	size_t start, end;

	if (!p)
		return text;
	start = p->start;
	end = p->end + strspn(text + p->end, " \t\r\n");
	if (text[end] == ',') {
		end++;
		end += strspn(text + end, " \t\r\n");
		return str_splice(a, text, start, end, "");
	}
	while (start && strchr(" \t\r\n", text[start - 1]))
		start--;
	if (start && text[start - 1] == ',')
		start--;
	return str_splice(a, text, start, p->end, "");
}

const char *optjson_untyped(struct arena *a, const char *json)
{
	struct json_tree tree;
	struct err err;

	if (json_scan(a, json, &tree, &err) < 0)
		return NULL;
	if (tree.v[0].kind == JSON_OBJECT || tree.v[0].kind == JSON_ARRAY ||
	    tree.v[0].kind == JSON_NULL)
		return NULL;
	return json_plain(a, &tree, &tree.v[0]);
}
