/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/schema.h"

#include <string.h>

#include "arena.h"
#include "ctl/check/properties.h"
#include "jsondoc.h"
#include "str.h"

static const char *text_of(struct json_object *o, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(o, key));

	return text ? text : "";
}

/* The element of a list whose `key` is this text; NULL: the list has no such element. */
static struct json_object *find(struct json_object *list, const char *key, const char *text)
{
	for (size_t i = 0; i < jsondoc_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (str_eq(text_of(o, key), text))
			return o;
	}
	return NULL;
}

static struct json_object *member(struct json_object *type, const char *name)
{
	return find(json_object_object_get(type, "members"), "name", name);
}

/* The type that the key of an entity or of a member names. */
static struct json_object *type_at(struct json_object *schema, struct json_object *o,
				   const char *key)
{
	return find(schema, "name", text_of(o, key));
}

/* The type of the whole value of an option: a union with one variant for each kind. */
static struct json_object *type_of(struct json_object *schema, const char *option)
{
	static const struct {
		const char *option, *command, *key;
		const char *inside; /* the member, or the element of the list, that it is */
	} rows[] = {
		{ "object", "object-add", "arg-type", NULL },
		{ "netdev", "netdev_add", "arg-type", NULL },
		{ "blockdev", "blockdev-add", "arg-type", NULL },
		{ "chardev", "chardev-add", "arg-type", "backend" },
		{ "display", "query-display-options", "ret-type", NULL },
		{ "audiodev", "query-audiodevs", "ret-type", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_object *o;

		if (!str_eq(rows[i].option, option))
			continue;
		o = type_at(schema, find(schema, "name", rows[i].command), rows[i].key);
		if (!rows[i].inside)
			return o;
		return *rows[i].inside ? type_at(schema, member(o, rows[i].inside), "type") :
					 type_at(schema, o, "element-type");
	}
	return NULL;
}

static struct json_object *type_of_kind(struct json_object *schema, const char *option,
					const char *kind)
{
	struct json_object *all = type_of(schema, option);
	struct json_object *variants = json_object_object_get(all, "variants");
	struct json_object *type = type_at(schema, find(variants, "case", kind), "type");
	struct json_object *data = member(type, "data");

	/* -chardev: what a kind has is in a member of its own */
	return data ? type_at(schema, data, "type") : type;
}

static bool is_deprecated(struct json_object *o)
{
	struct json_object *features = json_object_object_get(o, "features");

	for (size_t i = 0; i < jsondoc_length(features); i++)
		if (str_eq(json_object_get_string(json_object_array_get_idx(features, i)),
			   "deprecated"))
			return true;
	return false;
}

/* As -object X,help names it; "" if the text that fits it is unknown. */
static const char *name_of_type(struct json_object *schema, struct json_object *of)
{
	struct json_object *type = type_at(schema, of, "type");
	const char *meta = text_of(type, "meta-type");

	if (str_eq(meta, "array"))
		return text_of(type, "element-type");
	if (str_eq(meta, "builtin"))
		return text_of(type, "name");
	return str_eq(meta, "enum") ? "enum" : "";
}

static void add(struct arena *a, struct json_object *schema, struct json_object *members,
		struct properties *to)
{
	for (size_t i = 0; i < jsondoc_length(members); i++) {
		struct json_object *o = json_object_array_get_idx(members, i);
		struct property *p = properties_add(a, to, text_of(o, "name"),
						    name_of_type(schema, o));

		p->deprecated = is_deprecated(o);
	}
}

bool schema_properties(struct arena *a, struct json_object *schema, const char *option,
		       const char *kind, struct properties *to)
{
	struct json_object *type = type_of_kind(schema, option, kind);

	if (!type)
		return false;
	add(a, schema, json_object_object_get(type_of(schema, option), "members"), to);
	add(a, schema, json_object_object_get(type, "members"), to);
	return true;
}

bool schema_deprecates(struct json_object *schema, const char *option, const char *kind)
{
	struct json_object *all = type_of(schema, option);
	struct json_object *tag = member(all, text_of(all, "tag"));

	return is_deprecated(member(type_at(schema, tag, "type"), kind));
}
