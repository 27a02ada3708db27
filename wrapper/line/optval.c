/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/optval.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/optjson.h"

static struct prop *push(struct arena *a, struct optval *v, size_t start, size_t end)
{
	struct prop *p = arena_push(a, v->props, v->n, v->cap);

	*p = (struct prop){ .start = start, .end = end };
	return p;
}

/* ---- reading ---- */

/* get_opt_value(): up to a single comma; `,,` is a comma. Moves *at to where it ends. */
static const char *take_value(struct arena *a, const char *text, size_t *at)
{
	struct strbuf b = { .arena = a };

	while (text[*at]) {
		size_t len = strcspn(text + *at, ",");

		strbuf_addn(&b, text + *at, len);
		*at += len;
		if (text[*at] != ',' || text[*at + 1] != ',')
			break;
		strbuf_addc(&b, ',');
		*at += 2;
	}
	return strbuf_text(&b);
}

/* A word without '=': `key` is on; any leading "no" is removed and makes it off. */
static void read_bare(struct arena *a, struct prop *p, const char *word, size_t len)
{
	bool no = len >= 2 && strncmp(word, "no", 2) == 0;

	p->bare = true;
	p->key = arena_strndup(a, word + (no ? 2 : 0), len - (no ? 2 : 0));
	p->value = no ? "off" : "on";
}

/* opts_parse() of util/qemu-option.c; keyval differs only in what it refuses. */
static void read_opts(struct arena *a, struct optval *v)
{
	const char *text = v->text;

	for (size_t at = 0; text[at];) {
		size_t len = strcspn(text + at, "=,");
		struct prop *p = push(a, v, at, 0);

		if (text[at + len] == '=') {
			p->key = arena_strndup(a, text + at, len);
			at += len + 1;
			p->value = take_value(a, text, &at);
		} else if (v->n == 1 && v->opt->implied) {
			p->key = v->opt->implied;
			p->implied = true;
			p->value = take_value(a, text, &at);
		} else {
			read_bare(a, p, text + at, len);
			at += len;
		}
		p->end = at;
		at += text[at] == ',';
	}
}

/* x86_cpu_parse_featurestr(): the model, then strtok(",") in which empty items vanish. */
static void read_cpu(struct arena *a, struct optval *v)
{
	const char *text = v->text;
	size_t at = strcspn(text, ",");
	struct prop *p = push(a, v, 0, at);

	p->key = "model";
	p->implied = true;
	p->value = arena_strndup(a, text, at);
	for (; text[at]; at = p->end) {
		size_t len, name;

		at += strspn(text + at, ",");
		len = strcspn(text + at, ",");
		if (len == 0)
			break;
		p = push(a, v, at, at + len);
		p->sign = text[at] == '+' || text[at] == '-' ? text[at] : '\0';
		name = p->sign ? len - 1 : strcspn(text + at, "=,");
		p->key = arena_strndup(a, text + at + !!p->sign, name);
		p->bare = !p->sign && name == len;
		if (p->sign || p->bare)
			p->value = p->sign == '-' ? "off" : "on";
		else
			p->value = arena_strndup(a, text + at + name + 1, len - name - 1);
	}
}

/* qemu_global_option(): "%63[^.=].%63[^=]=", and all the rest is the value. */
static bool read_short_global(struct arena *a, struct optval *v)
{
	const char *text = v->text;
	size_t driver = strcspn(text, ".="), property;
	struct prop *p;

	if (driver == 0 || driver > 63 || text[driver] != '.')
		return false;
	property = strcspn(text + driver + 1, "=");
	if (property == 0 || property > 63 || text[driver + 1 + property] != '=')
		return false;
	p = push(a, v, 0, driver);
	p->key = "driver";
	p->value = arena_strndup(a, text, driver);
	p = push(a, v, driver + 1, driver + 1 + property);
	p->key = "property";
	p->value = arena_strndup(a, text + driver + 1, property);
	p = push(a, v, driver + 2 + property, strlen(text));
	p->key = "value";
	p->value = text + driver + 2 + property;
	return v->short_global = true;
}

static void read_raw(struct arena *a, struct optval *v)
{
	struct prop *p = push(a, v, 0, strlen(v->text));

	p->key = "value";
	p->value = v->text;
}

int optval_parse(struct arena *a, const struct qemuopt *opt, const char *text, struct optval *v,
		 struct err *err)
{
	*v = (struct optval){ .arena = a, .opt = opt, .text = text };
	if (*text == '{' && opt->flags & OPT_JSON) {
		v->json = true;
		return optjson_read(a, v, err);
	}
	if (opt->syntax == SYNTAX_CPU)
		read_cpu(a, v);
	else if (opt->syntax == SYNTAX_RAW)
		read_raw(a, v);
	else if (opt->syntax != SYNTAX_GLOBAL || !read_short_global(a, v))
		read_opts(a, v);
	return 0;
}

/* ---- writing ---- */

const char *quote_opts(struct arena *a, const char *value)
{
	struct strbuf b = { .arena = a };

	for (; *value; value++) {
		strbuf_addc(&b, *value);
		if (*value == ',')
			strbuf_addc(&b, ',');
	}
	return strbuf_text(&b);
}

/* The model of -cpu, or a first value without its key: may this value stand so? */
static bool fits_implied(const struct optval *v, const char *value)
{
	if (v->opt->syntax == SYNTAX_CPU)
		return true;
	if (value[strcspn(value, "=,")] == '=' || *value == '\0')
		return false;
	if (*value == '{' && v->opt->flags & OPT_JSON)
		return false;
	return v->opt->syntax == SYNTAX_OPTS || !strchr(value, ',');
}

static int encode(struct arena *a, const struct optval *v, const char *value, const char **out,
		  struct err *err)
{
	if (v->opt->syntax == SYNTAX_RAW || v->short_global) {
		*out = value;
		return 0;
	}
	if (v->opt->syntax == SYNTAX_CPU && strchr(value, ','))
		return err_set(err, EINVAL, "-cpu does not allow a comma in a value ('%s')", value);
	*out = v->opt->syntax == SYNTAX_CPU ? value : quote_opts(a, value);
	return 0;
}

static const char *append_item(struct arena *a, const char *text, const char *item)
{
	size_t len = strlen(text), commas = 0;

	/* A single comma at the end separates; a doubled one belongs to a value. */
	while (commas < len && text[len - 1 - commas] == ',')
		commas++;
	return arena_printf(a, "%s%s%s", text, len == 0 || commas % 2 ? "" : ",", item);
}

static const char *replace_prop(struct arena *a, const struct optval *v, const struct prop *p,
				const char *value)
{
	bool keyless = (p->implied && fits_implied(v, value)) || v->opt->syntax == SYNTAX_RAW ||
		       v->short_global;

	if (!keyless)
		value = arena_printf(a, "%s=%s", p->key, value);
	return str_splice(a, v->text, p->start, p->end, value);
}

/*
 * All items except the items with this key; `instead`, if any, replaces the first of these. A
 * bare key that becomes the first item would be read as the implied key's value, so its value
 * is written explicitly.
 */
static const char *join_without(struct arena *a, const struct optval *v, const char *key,
				const char *instead)
{
	struct strbuf b = { .arena = a };
	bool first = true;

	for (size_t i = 0; i < v->n; i++) {
		const struct prop *p = &v->props[i];
		bool gone = optval_means(v, p, key);

		if (gone && !instead)
			continue;
		if (!first)
			strbuf_addc(&b, ',');
		if (gone)
			strbuf_add(&b, instead);
		else if (p->bare && (p->end == p->start || (first && i && v->opt->implied)))
			strbuf_addf(&b, "%s=%s", p->key, p->value);
		else
			strbuf_addn(&b, v->text + p->start, p->end - p->start);
		instead = gone ? NULL : instead;
		first = false;
	}
	/* an empty first value alone is a comma */
	if (!first && b.len == 0)
		strbuf_addc(&b, ',');
	return strbuf_text(&b);
}

/*
 * Every earlier mention goes, in every spelling, because +f and -f would win
 * over f=v. The new one stands where the first of them stood.
 */
static const char *set_cpu(struct arena *a, const struct optval *v, const char *key,
			   const char *value)
{
	const struct prop *last = NULL;
	size_t mentions = 0;

	for (size_t i = 0; i < v->n; i++)
		if (optval_means(v, &v->props[i], key)) {
			last = &v->props[i];
			mentions++;
		}
	if (!str_eq(key, "model"))
		value = arena_printf(a, "%s=%s", key, value);
	if (mentions == 1)
		return str_splice(a, v->text, last->start, last->end, value);
	if (mentions)
		return join_without(a, v, key, value);
	return arena_printf(a, "%s%s%s", v->text, str_ends(v->text, ",") ? "" : ",", value);
}

static int untype(struct arena *a, const char *key, bool typed, const char **value,
		  struct err *err)
{
	const char *plain = typed ? optjson_untyped(a, *value) : *value;

	if (!plain)
		return err_set(err, EINVAL,
			       "%s: key=value syntax does not allow a JSON object, array or null",
			       key);
	*value = plain;
	return 0;
}

int optval_item(struct arena *a, const struct qemuopt *opt, const char *key, const char *value,
		bool typed, const char **item, struct err *err)
{
	const struct optval v = { .opt = opt };
	int rc = untype(a, key, typed, &value, err);

	if (!rc)
		rc = encode(a, &v, value, &value, err);
	if (!rc)
		*item = arena_printf(a, "%s=%s", key, value);
	return rc;
}

int optval_set(struct arena *a, const struct optval *v, const char *key, const char *value,
	       bool typed, const char **text, struct err *err)
{
	const struct prop *p = optval_get(v, key);
	int rc;

	if (v->json)
		return optjson_set(a, v, key, value, typed, text, err);
	rc = untype(a, key, typed, &value, err);
	if (!rc)
		rc = encode(a, v, value, &value, err);
	if (rc)
		return rc;
	if (v->opt->syntax == SYNTAX_CPU)
		*text = set_cpu(a, v, key, value);
	else if (p)
		*text = replace_prop(a, v, p, value);
	else if (v->opt->syntax == SYNTAX_RAW || v->short_global)
		return err_set(err, EINVAL, "-%s has no property '%s'", v->opt->name, key);
	else
		*text = append_item(a, v->text, arena_printf(a, "%s=%s", key, value));
	return 0;
}

const char *optval_unset(struct arena *a, const struct optval *v, const char *key)
{
	if (v->json)
		return optjson_unset(a, v, key);
	return optval_get(v, key) ? join_without(a, v, key, NULL) : v->text;
}
