/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/assign.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/cpukey.h"
#include "wrapper/line/json.h"

static void push(struct arena *a, struct assigns *as, const char *key, const char *value,
		 bool typed)
{
	*arena_push(a, as->v, as->n, as->cap) = (struct assign){ key, value, typed };
}

/* Checks the text in the place of a property's name, up to the '='; not empty. */
static int check_key(const struct qemuopt *opt, const char *key, struct err *err)
{
	size_t len = strlen(key);

	if (*key == '[')
		return err_set(err, EINVAL, "a blank between -%s and its [selector] is not allowed",
			       opt->name);
	if (key[len - 1] == ' ' || key[len - 1] == '\t')
		return err_set(err, EINVAL,
			       "a blank before the '=' of '%.*s' is not allowed; the text after "
			       "'=' is the value",
			       (int)strcspn(key, " \t"), key);
	if (key[strcspn(key, " \t[]")])
		return err_set(err, EINVAL,
			       "'%s': the name of a property must not contain a blank, [ or ]",
			       key);
	if (strchr("+-!?~<>|&^*", key[len - 1]))
		return err_set(err, EINVAL, "'%c=' is not an operator; write %.*s=VALUE", key[len - 1],
			       (int)len - 1, key);
	return 0;
}

/* The key and its value, where the value has not begun with another '='. */
static int check_pair(const struct qemuopt *opt, const struct assign *as, struct err *err)
{
	int rc = check_key(opt, as->key, err);

	if (rc || as->typed || *as->value != '=')
		return rc;
	return err_set(err, EINVAL, "'==' is not an operator; write %s=VALUE", as->key);
}

static int no_value(const struct qemuopt *opt, const char *word, struct err *err)
{
	if (*word == '\0')
		return err_set(err, EINVAL, "an item between two commas is empty");
	if (str_ends(word, "]"))
		return err_set(err, EINVAL, "'%s': a list is written as JSON, such as host-nodes:=[0,1]",
			       word);
	if (opt->syntax == SYNTAX_CPU)
		return err_set(err, EINVAL,
			       "'%s' has no value; for a property write %s=…, for the CPU model "
			       "model=%s",
			       word, word, word);
	if (opt->implied)
		return err_set(err, EINVAL, "'%s' has no value; write %s=… or %s=%s", word, word,
			       opt->implied, word);
	return err_set(err, EINVAL, "'%s' has no value; write %s=…", word, word);
}

/* A value as JSON, at *value, which is moved past it. */
static int take_typed(struct arena *a, const char *key, const char **value, struct assigns *as,
		      struct err *err)
{
	const char *json = str_skip_blanks(*value);
	size_t used = json_value_len(a, json);

	if (!used || (json[used] && json[used] != ','))
		return err_set(err, EINVAL, "the text after '%s=' must be one JSON value", key);
	push(a, as, str_trim(a, key, strlen(key) - 1), arena_strndup(a, json, used), true);
	*value = json + used;
	return 0;
}

/* The same of text, in which a doubled comma is one. */
static const char *take_text(struct arena *a, const char **value)
{
	struct strbuf b = { .arena = a };
	const char *s = *value;

	for (; *s && (*s != ',' || s[1] == ','); s++) {
		strbuf_addc(&b, *s);
		s += *s == ',';
	}
	*value = s;
	return strbuf_text(&b);
}

/* Reads an item of k=v,k2=v2 at *s; moves *s past it and its comma. */
static int take_item(struct arena *a, const struct qemuopt *opt, const char **s,
		     struct assigns *as, struct err *err)
{
	const char *start = str_skip_blanks(*s), *value;
	size_t len = strcspn(start, "=,");
	const char *key = arena_strndup(a, start, len), *trimmed = str_trim(a, start, len);
	int rc;

	if (start[len] != '=' || *key == '\0' || str_eq(trimmed, ":"))
		return no_value(opt, trimmed, err);
	value = start + len + 1;
	if (str_ends(trimmed, ":"))
		rc = take_typed(a, trimmed, &value, as, err);
	else
		push(a, as, key, take_text(a, &value), false), rc = 0;
	if (!rc)
		rc = check_pair(opt, &as->v[as->n - 1], err);
	*s = value + (*value == ',');
	return rc;
}

/* +f, -f: a feature is on or off. */
static int take_cpu_sign(struct arena *a, const char *item, struct assigns *as, struct err *err)
{
	if (item[1] == '\0' || strchr(item, '='))
		return err_set(err, EINVAL,
			       "'%s': only the name of a feature is allowed after the sign",
			       item);
	push(a, as, item + 1, *item == '+' ? "on" : "off", false);
	return 0;
}

/* Only a processor's name may be any text. */
static int check_cpu_value(const char *key, const char *value, struct err *err)
{
	const char *blank = strchr(value, ' ');

	if (blank && strchr(blank, '=') && !cpukey_same(key, "model-id"))
		return err_set(err, EINVAL,
			       "'%s': write a comma, not a blank, before the next property", value);
	return 0;
}

static int take_cpu_item(struct arena *a, const struct qemuopt *opt, const char **s,
			 struct assigns *as, struct err *err)
{
	size_t len = strcspn(*s, ",");
	const char *item = str_trim(a, *s, len), *eq = strchr(item, '='), *key;
	int rc;

	*s += len + ((*s)[len] == ',');
	if (*item == '+' || *item == '-')
		return take_cpu_sign(a, item, as, err);
	if (!eq || eq == item)
		return no_value(opt, item, err);
	if (eq[-1] == ':')
		return err_set(err, EINVAL, "'%s': -cpu does not accept JSON; write %.*s=…", item,
			       (int)(eq - item - 1), item);
	key = arena_strndup(a, item, (size_t)(eq - item));
	push(a, as, key, eq + 1, false);
	rc = check_pair(opt, &as->v[as->n - 1], err);
	return rc ? rc : check_cpu_value(key, eq + 1, err);
}

static int parse_raw(struct arena *a, const struct qemuopt *opt, const char *rest,
		     struct assigns *as, struct err *err)
{
	if (!str_starts(rest, "value="))
		return err_set(err, EINVAL,
			       "the value of -%s is one text; write the whole text as value=…",
			       opt->name);
	push(a, as, "value", rest + strlen("value="), false);
	return 0;
}

static int parse_global(struct arena *a, const struct qemuopt *opt, const char *rest,
			struct assigns *as, struct err *err)
{
	const char *eq = strchr(rest, '='), *dot = strchr(rest, '.');

	if (!eq || !dot || dot == rest || dot > eq || eq - dot == 1 || eq[-1] == ':')
		return err_set(err, EINVAL, "must be -global DRIVER.PROPERTY=VALUE, one per line");
	push(a, as, arena_strndup(a, rest, (size_t)(eq - rest)), eq + 1, false);
	return check_pair(opt, &as->v[0], err);
}

int assigns_parse(struct arena *a, const struct qemuopt *opt, const char *rest, struct assigns *as,
		  struct err *err)
{
	int rc = 0;

	*as = (struct assigns){ 0 };
	if (*rest == '\0')
		return err_set(err, EINVAL,
			       "-%s has no property here; write property=value after it",
			       opt->name);
	switch (opt->syntax) {
	case SYNTAX_NONE:
		return err_set(err, EINVAL, "-%s takes no value; use add or remove", opt->name);
	case SYNTAX_RAW:
		return parse_raw(a, opt, rest, as, err);
	case SYNTAX_GLOBAL:
		return parse_global(a, opt, rest, as, err);
	default:
		while (!rc && *rest)
			rc = (opt->syntax == SYNTAX_CPU ? take_cpu_item : take_item)(a, opt, &rest,
										     as, err);
		return rc;
	}
}

/* Does the option need this key? If uses merge, another use may have it, or it is optional. */
static bool is_needed(const struct qemuopt *opt, const char *key)
{
	if (opt->syntax == SYNTAX_CPU)
		return str_eq(key, "model");
	return opt->implied && str_eq(key, opt->implied) &&
	       (opt->repeat != REPEAT_MERGE || str_eq(opt->name, "machine"));
}

static int check_unset_key(const struct qemuopt *opt, const char *key, struct err *err)
{
	if (*key == '\0' || (*key != '[' && strchr(key, '=')))
		return err_set(err, EINVAL, "'%s': unset takes only names, separated by commas",
			       key);
	if (opt->syntax == SYNTAX_GLOBAL && !strchr(key, '.'))
		return err_set(err, EINVAL, "'%s': must be -global DRIVER.PROPERTY", key);
	if (opt->syntax == SYNTAX_CPU && strchr("+-", *key))
		return err_set(err, EINVAL,
			       "'%s': unset takes only the name of a feature, without a sign; write "
			       "%s",
			       key, key + 1);
	if (is_needed(opt, key))
		return err_set(err, EINVAL, "-%s needs its %s, so unset cannot remove it",
			       opt->name, key);
	return check_key(opt, key, err);
}

int assigns_parse_keys(struct arena *a, const struct qemuopt *opt, const char *rest,
		       struct assigns *as, struct err *err)
{
	*as = (struct assigns){ 0 };
	if (opt->syntax == SYNTAX_NONE || opt->syntax == SYNTAX_RAW)
		return err_set(err, EINVAL,
			       "-%s has no properties; use remove to remove the whole option",
			       opt->name);
	if (*rest == '\0')
		return err_set(err, EINVAL,
			       "-%s has no property here; write the name of the property after it",
			       opt->name);
	while (*rest) {
		size_t len = strcspn(rest, ",");
		const char *key = str_trim(a, rest, len);
		int rc = check_unset_key(opt, key, err);

		if (rc)
			return rc;
		push(a, as, key, NULL, false);
		rest += len + (rest[len] == ',');
	}
	return 0;
}
