/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/jsonout.h"

#include <stdio.h>

#include "jsondoc.h"
#include "mistake.h"

struct json_object *jsonout_string(struct arena *a, const char *s)
{
	return jsondoc_string(a, s);
}

struct json_object *jsonout_words(struct arena *a, const char *const *words)
{
	struct json_object *list = json_object_new_array();

	for (; *words; words++)
		json_object_array_add(list, jsonout_string(a, *words));
	return list;
}

void jsonout_add(struct arena *a, struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, jsonout_string(a, value));
}

struct json_object *jsonout_mistakes(struct arena *a, const struct mistakes *m)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < m->n; i++) {
		struct json_object *o = json_object_new_object();

		jsonout_add(a, o, "file", m->v[i].file);
		if (m->v[i].line)
			json_object_object_add(o, "line", json_object_new_int((int)m->v[i].line));
		jsonout_add(a, o, "severity", m->v[i].warning ? "warning" : "mistake");
		jsonout_add(a, o, "text", m->v[i].text);
		json_object_array_add(list, o);
	}
	return list;
}

void jsonout_print(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
