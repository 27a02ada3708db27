/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jsondoc.h"

#include <string.h>

#include "arena.h"
#include "mistake.h"
#include "str.h"

#define DEPTH 8

struct json_object *jsondoc_parse(const char *text, size_t len)
{
	struct json_tokener *tok;
	struct json_object *o;

	/* json_tokener_parse_ex() would take it for the end, and what follows for nothing */
	if (memchr(text, '\0', len))
		return NULL;
	tok = json_tokener_new_ex(DEPTH);
	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len + 1);
	json_tokener_free(tok);
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

struct json_object *jsondoc_string(struct arena *a, const char *s)
{
	struct strbuf b = { .arena = a };
	size_t left = s ? strlen(s) : 0, len;

	if (!s)
		return NULL;
	for (; left; s += len, left -= len) {
		len = str_plain_len(s);
		len = len ? len : str_utf8_len(s, left);
		if (len)
			strbuf_addn(&b, s, len);
		else
			strbuf_add(&b, "\xef\xbf\xbd");
		len = len ? len : 1;
	}
	return json_object_new_string(strbuf_text(&b));
}

struct json_object *jsondoc_words(struct arena *a, const char *const *words)
{
	struct json_object *list = json_object_new_array();

	for (; *words; words++)
		json_object_array_add(list, jsondoc_string(a, *words));
	return list;
}

void jsondoc_put(struct arena *a, struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, jsondoc_string(a, value));
}

void jsondoc_add(struct arena *a, struct json_object *o, const char *key, const char *value)
{
	if (value)
		jsondoc_put(a, o, key, value);
}

struct json_object *jsondoc_mistakes(struct arena *a, const struct mistakes *m)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < m->n; i++) {
		struct json_object *o = json_object_new_object();

		jsondoc_put(a, o, "file", m->v[i].file);
		if (m->v[i].line)
			json_object_object_add(o, "line", json_object_new_int((int)m->v[i].line));
		jsondoc_put(a, o, "severity", m->v[i].warning ? "warning" : "mistake");
		jsondoc_put(a, o, "text", m->v[i].text);
		json_object_array_add(list, o);
	}
	return list;
}

/* "\u202e"; beyond U+FFFF, two surrogates. */
static void add_escaped(struct strbuf *b, const char *s, size_t len)
{
	unsigned long cp = str_codepoint(s, len);

	if (cp >= 0x10000)
		strbuf_addf(b, "\\u%04lx\\u%04lx", 0xd7c0 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
	else
		strbuf_addf(b, "\\u%04lx", cp);
}

/* json-c has escaped those below the blank, so what is left of them is between its words. */
const char *jsondoc_text(struct arena *a, struct json_object *o)
{
	const char *s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_SPACED |
								  JSON_C_TO_STRING_NOSLASHESCAPE);
	struct strbuf b = { .arena = a };

	for (size_t left = strlen(s), len; left; s += len, left -= len) {
		len = str_plain_len(s);
		len = len ? len : str_utf8_len(s, left);
		len = len ? len : 1;
		if (*s != '\n' && str_is_control(s, len))
			add_escaped(&b, s, len);
		else
			strbuf_addn(&b, s, len);
	}
	strbuf_addc(&b, '\n');
	return strbuf_text(&b);
}
