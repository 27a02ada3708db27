/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/json.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "strindex.h"

#define NESTING_MAX 1024 /* json-streamer.c: MAX_NESTING, brackets of both kinds */

struct scan {
	struct arena *arena;
	struct json_tree *tree;
	struct strindex members; /* QEMU refuses a key that an object has twice */
	const char *text;
	size_t at;
	size_t depth;
	const char *problem;
};

static bool fail(struct scan *s, const char *problem)
{
	if (!s->problem)
		s->problem = problem;
	return false;
}

static void skip_space(struct scan *s)
{
	while (s->text[s->at] && strchr(" \t\r\n", s->text[s->at]))
		s->at++;
}

static bool is_hex4(const char *s)
{
	for (int i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

static unsigned hex4(const char *s)
{
	unsigned n = 0;

	for (int i = 0; i < 4; i++)
		n = n << 4 | (unsigned)(s[i] <= '9' ? s[i] - '0' : (s[i] | 32) - 'a' + 10);
	return n;
}

/* Unicode's noncharacters, which QEMU's is_valid_codepoint() refuses too. */
static bool is_noncharacter(unsigned long cp)
{
	return (cp >= 0xfdd0 && cp <= 0xfdef) || (cp & 0xfffe) == 0xfffe;
}

/* The escape at s->at, a backslash; moves past it. */
static bool scan_escape(struct scan *s)
{
	const char *e = s->text + s->at + 1;
	unsigned cp;

	if (*e && strchr("bfnrt/\\\"'", *e)) {
		s->at += 2;
		return true;
	}
	if (*e != 'u' || !is_hex4(e + 1))
		return fail(s, "a string has an unknown escape");
	cp = hex4(e + 1);
	s->at += 6;
	if (cp >= 0xd800 && cp <= 0xdbff && e[5] == '\\' && e[6] == 'u' && is_hex4(e + 7) &&
	    hex4(e + 7) >= 0xdc00 && hex4(e + 7) <= 0xdfff) {
		cp = 0x10000 + ((cp - 0xd800) << 10) + (hex4(e + 7) - 0xdc00);
		s->at += 6;
	}
	if ((cp >= 0xd800 && cp <= 0xdfff) || is_noncharacter(cp))
		return fail(s, "an escape is not a valid character");
	return true;
}

/* A character as mod_utf8_codepoint() takes it: no noncharacter, but c0 80 for NUL. */
static size_t char_len(const char *s)
{
	size_t left = strnlen(s, 4), len = str_utf8_len(s, left);
	unsigned long cp = (unsigned char)s[0] & (0xffu >> (len + 1));

	if (strncmp(s, "\xc0\x80", 2) == 0)
		return 2;
	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	return len > 1 && is_noncharacter(cp) ? 0 : len;
}

static bool scan_string(struct scan *s)
{
	char quote = s->text[s->at++];

	while (s->text[s->at] != quote) {
		size_t len;

		if ((unsigned char)s->text[s->at] < 0x20)
			return fail(s, "a string has no end or contains a control byte");
		if (s->text[s->at] == '\\') {
			if (!scan_escape(s))
				return false;
			continue;
		}
		len = char_len(s->text + s->at);
		if (len == 0)
			return fail(s, "a string is not UTF-8");
		s->at += len;
	}
	s->at++;
	return true;
}

static size_t number_len(const char *s)
{
	const char *p = s + (*s == '-');

	if (!isdigit((unsigned char)*p))
		return 0;
	p += *p == '0' ? 1 : strspn(p, "0123456789");
	if (*p == '.') {
		if (!isdigit((unsigned char)p[1]))
			return 0;
		p += 1 + strspn(p + 1, "0123456789");
	}
	if (*p == 'e' || *p == 'E') {
		p += p[1] == '+' || p[1] == '-' ? 2 : 1;
		if (!isdigit((unsigned char)*p))
			return 0;
		p += strspn(p, "0123456789");
	}
	return isalnum((unsigned char)*p) || *p == '.' ? 0 : (size_t)(p - s);
}

static bool scan_word(struct scan *s, enum json_kind *kind)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} words[] = { { "true", JSON_BOOL }, { "false", JSON_BOOL }, { "null", JSON_NULL } };
	const char *p = s->text + s->at;

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i].word);

		if (strncmp(p, words[i].word, len) == 0 && !isalnum((unsigned char)p[len])) {
			*kind = words[i].kind;
			s->at += len;
			return true;
		}
	}
	return fail(s, "a word is not a valid JSON value");
}

static bool scan_value(struct scan *s, size_t parent, const char *key, size_t key_start);

/* \u0000 becomes the two bytes c0 80, as in QEMU (mod_utf8_encode). */
static const char *copy_decoded(struct arena *a, struct json_object *o)
{
	struct strbuf b = { .arena = a };
	const char *s = json_object_get_string(o);
	int len = json_object_get_string_len(o);

	for (int i = 0; i < len; i++) {
		if (s[i])
			strbuf_addc(&b, s[i]);
		else
			strbuf_addn(&b, "\xc0\x80", 2);
	}
	return strbuf_text(&b);
}

/* A string token at `start` of the text, without its quotes, decoded. */
static const char *decode(struct arena *a, const char *text, size_t start, size_t end)
{
	struct strbuf b = { .arena = a };
	struct json_object *o;
	const char *plain;

	if (!memchr(text + start, '\\', end - start))
		return arena_strndup(a, text + start + 1, end - start - 2);
	/* As JSON proper: in double quotes, in which \' is not a valid escape. */
	strbuf_addc(&b, '"');
	for (size_t i = start + 1; i < end - 1; i++) {
		if (text[i] == '\\' && text[i + 1] == '\'')
			continue;
		if (text[i] == '"')
			strbuf_addc(&b, '\\');
		strbuf_addc(&b, text[i]);
		if (text[i] == '\\')
			strbuf_addc(&b, text[++i]);
	}
	strbuf_addc(&b, '"');
	o = json_tokener_parse(b.text);
	plain = o ? copy_decoded(a, o) : "";
	json_object_put(o);
	return plain;
}

static bool scan_member(struct scan *s, size_t parent)
{
	size_t start = s->at;
	const char *key;

	if (s->text[s->at] != '"' && s->text[s->at] != '\'')
		return fail(s, "the key of a member is not a string");
	if (!scan_string(s))
		return false;
	key = decode(s->arena, s->text, start, s->at);
	if (strindex_add(&s->members, parent, key, s->tree->n) != s->tree->n)
		return fail(s, "a key is given twice");
	skip_space(s);
	if (s->text[s->at++] != ':')
		return fail(s, "a member has no ':'");
	skip_space(s);
	return scan_value(s, parent, key, start);
}

/* An object or an array, from its opening bracket to past its closing one. */
static bool scan_container(struct scan *s, size_t self, char close)
{
	size_t count = 0;

	if (++s->depth > NESTING_MAX)
		return fail(s, "the nesting is too deep");
	s->at++;
	skip_space(s);
	if (s->text[s->at] == close) {
		s->at++;
		s->depth--;
		return true;
	}
	s->tree->v[self].has_children = true;
	for (;; count++) {
		const char *index = close == ']' ? arena_printf(s->arena, "%zu", count) : NULL;

		if (index ? !scan_value(s, self, index, s->at) : !scan_member(s, self))
			return false;
		skip_space(s);
		if (s->text[s->at] == close)
			break;
		if (s->text[s->at++] != ',')
			return fail(s, "a comma or a closing bracket is missing");
		skip_space(s);
	}
	s->at++;
	s->depth--;
	return true;
}

static bool scan_scalar(struct scan *s, enum json_kind *kind)
{
	size_t len;

	if (s->text[s->at] == '"' || s->text[s->at] == '\'') {
		*kind = JSON_STRING;
		return scan_string(s);
	}
	if (s->text[s->at] != '-' && !isdigit((unsigned char)s->text[s->at]))
		return scan_word(s, kind);
	len = number_len(s->text + s->at);
	if (len == 0)
		return fail(s, "a number is not a valid JSON number");
	*kind = JSON_NUMBER;
	s->at += len;
	return true;
}

static bool scan_value(struct scan *s, size_t parent, const char *key, size_t key_start)
{
	size_t self = s->tree->n, above = parent ? s->tree->v[parent].path_len + 1 : 0;
	enum json_kind kind = s->text[s->at] == '{' ? JSON_OBJECT : JSON_ARRAY;
	bool good;

	*arena_push(s->arena, s->tree->v, s->tree->n, s->tree->cap) =
		(struct json_node){ .parent = parent, .key = key, .key_start = key_start,
				    .path_len = above + strlen(key), .start = s->at };
	if (s->text[s->at] == '{' || s->text[s->at] == '[')
		good = scan_container(s, self, s->text[s->at] == '{' ? '}' : ']');
	else
		good = scan_scalar(s, &kind);
	s->tree->v[self].kind = kind;
	s->tree->v[self].end = s->at;
	return good;
}

int json_scan(struct arena *a, const char *text, struct json_tree *tree, struct err *err)
{
	struct scan s = { .arena = a, .tree = tree, .members.arena = a, .text = text };

	*tree = (struct json_tree){ .text = text };
	skip_space(&s);
	if (scan_value(&s, 0, "", s.at)) {
		skip_space(&s);
		if (text[s.at])
			fail(&s, "text follows the value");
	}
	if (s.problem)
		return err_set(err, EINVAL, "QEMU does not accept this JSON: %s (byte %zu)",
			       s.problem, s.at + 1);
	return 0;
}

size_t json_value_len(struct arena *a, const char *text)
{
	struct json_tree tree = { .text = text };
	struct scan s = { .arena = a, .tree = &tree, .members.arena = a, .text = text };

	return scan_value(&s, 0, "", 0) ? s.at : 0;
}

const char *json_plain(struct arena *a, const struct json_tree *tree, const struct json_node *node)
{
	if (node->kind == JSON_STRING)
		return decode(a, tree->text, node->start, node->end);
	if (node->kind == JSON_BOOL)
		return tree->text[node->start] == 't' ? "on" : "off";
	return arena_strndup(a, tree->text + node->start, node->end - node->start);
}

const char *json_path(struct arena *a, const struct json_tree *tree, const struct json_node *node)
{
	char *path = arena_alloc(a, node->path_len + 1), *end = path + node->path_len;

	for (;; node = &tree->v[node->parent]) {
		size_t len = strlen(node->key);

		end -= len;
		memcpy(end, node->key, len);
		if (!node->parent)
			return path;
		*--end = '.';
	}
}

bool json_path_is(const struct json_tree *tree, const struct json_node *node, const char *path)
{
	const char *end = path + node->path_len;

	if (strlen(path) != node->path_len)
		return false;
	for (;; node = &tree->v[node->parent]) {
		size_t len = strlen(node->key);

		end -= len;
		if (memcmp(end, node->key, len) != 0)
			return false;
		if (!node->parent)
			return true;
		if (*--end != '.')
			return false;
	}
}

const char *json_quote(struct arena *a, const char *text)
{
	struct json_object *o;
	const char *quoted;
	size_t len;

	for (const char *s = text; *s; s += len) {
		len = char_len(s);
		if (len == 0)
			return NULL;
	}
	o = json_object_new_string(text);
	quoted = arena_strdup(a, json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return quoted;
}

bool json_is_number(const char *text)
{
	size_t len = number_len(text);

	return len && text[len] == '\0';
}
