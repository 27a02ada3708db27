/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value: the option's name, a key, a value and the text, one a line. What
 * is set can be got, what is unset is gone, and every other property keeps its
 * key and its value.
 */
#include <ctype.h>

#include "err.h"
#include "fuzz.h"
#include "wrapper/line/optval.h"

struct input {
	const struct qemuopt *opt;
	const char *key, *value, *text;
};

/* A key that a rule can name, in an option that has keys. */
static bool is_sane_key(const struct qemuopt *opt, const char *key)
{
	if (opt->syntax == SYNTAX_RAW || opt->syntax == SYNTAX_GLOBAL)
		return str_eq(key, "value");
	if (!isalnum((unsigned char)*key))
		return false;
	for (; *key; key++)
		if (!isalnum((unsigned char)*key) && !strchr("._-", *key))
			return false;
	return true;
}

static bool take_input(struct arena *a, const uint8_t *data, size_t size, struct input *in)
{
	static const struct qemuopts opts;
	struct strv words = { 0 };

	fuzz_words(a, data, size, &words);
	if (words.n != 4)
		return false;
	in->opt = qemuopt_find(&opts, words.v[0]);
	in->key = words.v[1];
	in->value = words.v[2];
	in->text = words.v[3];
	return in->opt && qemuopt_has_arg(in->opt) && is_sane_key(in->opt, in->key);
}

static bool is_below(const char *path, const char *key)
{
	size_t len = strlen(key);

	return strncmp(path, key, len) == 0 && (path[len] == '\0' || path[len] == '.');
}

/*
 * Not the property in hand: in JSON neither what is below it nor what holds
 * it, nor anything in an array, whose elements change their names.
 */
static bool is_other(const struct optval *v, const struct prop *p, const char *key)
{
	if (!v->json) {
		if (v->opt->syntax == SYNTAX_CPU)
			return str_eq(key, "model") ? !p->implied :
						      p->implied || !optval_same_key(v->opt, p->key, key);
		return !optval_same_key(v->opt, p->key, key);
	}
	for (size_t i = p->node; i; i = v->tree.v[i].parent)
		if (v->tree.v[v->tree.v[i].parent].kind == JSON_ARRAY)
			return false;
	return !is_below(p->key, key) && !is_below(key, p->key);
}

static const struct prop *next_other(const struct optval *v, size_t *i, const char *key)
{
	while (*i < v->n)
		if (is_other(v, &v->props[(*i)++], key))
			return &v->props[*i - 1];
	return NULL;
}

static void others_same(const struct optval *v, const struct optval *w, const char *key)
{
	size_t i = 0, j = 0;
	const struct prop *p;

	do {
		const struct prop *q = next_other(w, &j, key);

		p = next_other(v, &i, key);
		must(!p == !q, "'%s': %s %s", w->text, p ? p->key : q->key, p ? "is lost" : "is new");
		must(!p || (str_eq(p->key, q->key) && str_eq(p->value, q->value) && p->sign == q->sign),
		     "'%s': %s=%s, not %s=%s", w->text, q ? q->key : "", q ? q->value : "",
		     p ? p->key : "", p ? p->value : "");
	} while (p);
}

/* Of JSON, keys and values are made when they are asked for: here of all. */
static void fill(const struct optval *v)
{
	for (size_t i = 0; i < v->n; i++) {
		v->props[i].key = optval_key(v, &v->props[i]);
		optval_value(v, &v->props[i]);
	}
}

/* Items in their order, inside the text. */
static void check_places(const struct optval *v)
{
	size_t last = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct prop *p = &v->props[i];

		must(p->start <= p->end && p->end <= strlen(v->text), "%s: %zu to %zu", p->key, p->start,
		     p->end);
		must(v->json || p->start >= last, "%s begins before its neighbour ends", p->key);
		last = p->end;
	}
}

static bool same_value(const struct optval *v, const struct prop *p, const char *value)
{
	enum json_kind kind = v->json ? v->tree.v[p->node].kind : JSON_STRING;

	if (kind == JSON_BOOL)
		return str_to_bool(p->value) == str_to_bool(value);
	if (kind == JSON_NUMBER)
		return json_is_number(p->value) && (!json_is_number(value) || str_eq(p->value, value));
	return str_eq(p->value, value);
}

/*
 * A path that two members have ("a.b" and a's b), a key that could not stand
 * first, an empty key: QEMU takes none of them.
 */
static bool is_ambiguous(const struct optval *v, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		n += v->json && str_eq(v->props[i].key, key);
		if (!v->json && (*v->props[i].key == '{' || *v->props[i].key == '\0'))
			return true;
	}
	return n > 1;
}

static void set_it(struct arena *a, const struct optval *v, const struct input *in)
{
	const struct prop *p = optval_get(v, in->key);
	struct optval w;
	struct err err;
	const char *text;

	if (optval_set(a, v, in->key, in->value, false, &text, &err) < 0)
		return;
	must(optval_parse(a, in->opt, text, &w, &err) == 0, "'%s': %s", text, err.text);
	fill(&w);
	check_places(&w);
	others_same(v, &w, in->key);
	if (p && v->opt->syntax != SYNTAX_CPU) {
		size_t tail = strlen(v->text) - p->end;

		must(strncmp(text, v->text, p->start) == 0, "'%s': what stands before changed", text);
		must(strlen(text) >= tail && str_eq(text + strlen(text) - tail, v->text + p->end),
		     "'%s': what stands behind changed", text);
	}
	p = optval_get(&w, in->key);
	must(p && same_value(&w, p, in->value), "'%s': %s is '%s', not '%s'", text, in->key,
	     p ? p->value : "gone", in->value);
}

static bool is_element(const struct optval *v, const char *key)
{
	const struct prop *p = optval_get(v, key);

	return v->json && p && v->tree.v[v->tree.v[p->node].parent].kind == JSON_ARRAY;
}

static void unset_it(struct arena *a, const struct optval *v, const struct input *in)
{
	const char *text;
	struct optval w;
	struct err err;

	/* assigns_parse_keys() does not let these through */
	if (in->opt->syntax == SYNTAX_RAW || in->opt->syntax == SYNTAX_GLOBAL ||
	    str_eq(in->key, in->opt->implied ? in->opt->implied : "model"))
		return;
	text = optval_unset(a, v, in->key);
	must(optval_parse(a, in->opt, text, &w, &err) == 0, "'%s': %s", text, err.text);
	fill(&w);
	check_places(&w);
	others_same(v, &w, in->key);
	must(is_element(v, in->key) || !optval_get(&w, in->key), "'%s': %s is still there", text,
	     in->key);
	if (!optval_get(v, in->key) && v->json)
		must(str_eq(text, v->text), "'%s': changed without need", text);
}

/* -global edits (global.c) look only at one that says which property it means. */
static bool is_whole(const struct optval *v)
{
	return v->opt->syntax != SYNTAX_GLOBAL ||
	       (optval_get(v, "driver") && optval_get(v, "property"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct input in;
	struct optval v;
	struct err err;

	if (take_input(&arena, data, size, &in) &&
	    optval_parse(&arena, in.opt, in.text, &v, &err) == 0) {
		fill(&v);
		check_places(&v);
		if (!is_ambiguous(&v, in.key) && is_whole(&v)) {
			set_it(&arena, &v, &in);
			unset_it(&arena, &v, &in);
		}
	}
	arena_free(&arena);
	return 0;
}
