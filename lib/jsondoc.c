/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jsondoc.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "mistake.h"
#include "str.h"

#define DEPTH 8

#define REPLACEMENT 0xfffdu

/* "\u202e"; above U+FFFF two surrogates. */
static void add_escaped(struct strbuf *b, unsigned long code)
{
	if (code < 0x10000)
		strbuf_addf(b, "\\u%04lx", code);
	else
		strbuf_addf(b, "\\u%04lx\\u%04lx", 0xd800 + ((code - 0x10000) >> 10),
			    0xdc00 + ((code - 0x10000) & 0x3ff));
}

/*
 * A JSON text with each character above ASCII as an escape: false if it is not UTF-8, or if a
 * backslash is in front of such a character. Outside of strings an escape is not JSON either.
 */
static bool to_ascii(const char *text, size_t left, struct strbuf *b)
{
	bool escaped = false;

	for (size_t len; left; text += len, left -= len) {
		len = str_utf8_len(text, left);
		if (!len || (len > 1 && escaped))
			return false;
		escaped = *text == '\\' && !escaped;
		if (len == 1)
			strbuf_addc(b, *text);
		else
			add_escaped(b, str_codepoint(text, len));
	}
	return true;
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH);
	struct json_object *o;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len + 1);
	json_tokener_free(tok);
	return o;
}

struct json_object *jsondoc_parse(const char *text, size_t len)
{
	struct arena scratch = { 0 };
	struct strbuf ascii = { .arena = &scratch };
	struct json_object *o = NULL;

	/* json_tokener_parse_ex() would take a NUL for the end, and what follows for nothing */
	if (!memchr(text, '\0', len) && to_ascii(text, len, &ascii))
		o = parse(strbuf_text(&ascii), ascii.len);
	arena_free(&scratch);
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

/* ---- strings ---- */

struct json_object *jsondoc_string(struct arena *a, const char *s)
{
	struct strbuf b = { .arena = a };
	size_t left = s ? strlen(s) : 0, len;

	if (!s)
		return NULL;
	for (; left; s += len, left -= len) {
		len = str_run_len(s, left);
		if (len)
			strbuf_addn(&b, s, len);
		else
			strbuf_add(&b, "\xef\xbf\xbd"); /* REPLACEMENT */
		len = len ? len : 1;
	}
	return json_object_new_string(strbuf_text(&b));
}

#define KEPT 0x10f700u /* of the private use area */

static bool is_kept(unsigned long code)
{
	return code >= KEPT + 0x80 && code <= KEPT + 0xff;
}

/* A code point as UTF-8, in four bytes: those of KEPT. */
static void add_kept_byte(struct strbuf *b, unsigned char byte)
{
	unsigned code = KEPT + byte;
	const char utf8[] = { (char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3f)),
			      (char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f)) };

	strbuf_addn(b, utf8, sizeof(utf8));
}

struct json_object *jsondoc_keep(struct arena *a, const char *s)
{
	struct strbuf b = { .arena = a };
	size_t left = s ? strlen(s) : 0, len;

	if (!s)
		return NULL;
	for (; left; s += len, left -= len) {
		len = str_utf8_len(s, left);
		if (len && !(len == 4 && is_kept(str_codepoint(s, len)))) {
			strbuf_addn(&b, s, len);
			continue;
		}
		len = len ? len : 1;
		for (size_t i = 0; i < len; i++)
			add_kept_byte(&b, (unsigned char)s[i]);
	}
	return json_object_new_string(strbuf_text(&b));
}

const char *jsondoc_kept(struct arena *a, struct json_object *o)
{
	const char *s = json_object_get_string(o);
	struct strbuf b = { .arena = a };
	size_t left = (size_t)json_object_get_string_len(o), len;

	if (!s || strlen(s) != left)
		return NULL;
	for (; left; s += len, left -= len) {
		len = str_utf8_len(s, left);
		if (len == 4 && is_kept(str_codepoint(s, len)))
			strbuf_addc(&b, (char)(str_codepoint(s, len) - KEPT));
		else
			strbuf_addn(&b, s, len ? len : 1);
		len = len ? len : 1;
	}
	return strbuf_text(&b);
}

size_t jsondoc_length(const struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

int jsondoc_flag(const struct json_object *o, const char *key, bool *flag, struct err *err)
{
	struct json_object *value = NULL;

	*flag = false;
	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	if (!json_object_is_type(value, json_type_boolean))
		return err_set(err, EINVAL, "'%s' must be true or false", key);
	*flag = json_object_get_boolean(value);
	return 0;
}

void jsondoc_add_flag(struct json_object *o, const char *key, bool flag)
{
	if (flag)
		json_object_object_add(o, key, json_object_new_boolean(true));
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

void jsondoc_add_kept(struct arena *a, struct json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, jsondoc_keep(a, value));
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

/* json-c has escaped those below the blank, so what is left of them is between its words. */
const char *jsondoc_text(struct arena *a, struct json_object *o)
{
	const char *s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_SPACED |
								  JSON_C_TO_STRING_NOSLASHESCAPE);
	struct strbuf b = { .arena = a };

	for (size_t left = strlen(s), len; left; s += len, left -= len) {
		len = str_run_len(s, left);
		if (*s == '\n' || (*s >= ' ' && *s < 0x7f))
			strbuf_addn(&b, s, len);
		else
			add_escaped(&b, len ? str_codepoint(s, len) : REPLACEMENT);
		len = len ? len : 1;
	}
	strbuf_addc(&b, '\n');
	return strbuf_text(&b);
}
