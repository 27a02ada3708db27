/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/assign.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/json.h"

static void push(struct arena *a, struct assigns *as, const char *key, const char *value,
		 bool typed)
{
	*arena_push(a, as->v, as->n, as->cap) = (struct assign){ key, value, typed };
}

static int no_value(const struct qemuopt *opt, const char *word, struct err *err)
{
	if (*word == '\0')
		return err_set(err, EINVAL, "an empty item between two commas");
	if (opt->implied)
		return err_set(err, EINVAL, "'%s' has no value: write %s=… or %s=%s", word, word,
			       opt->implied, word);
	return err_set(err, EINVAL, "'%s' has no value: write %s=…", word, word);
}

/* One item of k=v,k2=v2 at *s; moves *s past it and its comma. */
static int take_item(struct arena *a, const struct qemuopt *opt, const char **s,
		     struct assigns *as, struct err *err)
{
	size_t len = strcspn(*s, "=,"), used = 0;
	const char *key = str_trim(a, *s, len), *value = *s + len + 1;
	struct strbuf b = { .arena = a };

	if ((*s)[len] != '=' || *key == '\0' || str_eq(key, ":"))
		return no_value(opt, key, err);
	if (str_ends(key, ":")) {
		value = str_skip_blanks(value);
		used = json_value_len(a, value);
		if (!used || (value[used] && value[used] != ','))
			return err_set(err, EINVAL, "what follows '%s=' is not one JSON value", key);
		push(a, as, str_trim(a, key, strlen(key) - 1), arena_strndup(a, value, used), true);
	} else {
		for (; value[used] && (value[used] != ',' || value[used + 1] == ','); used++) {
			strbuf_addc(&b, value[used]);
			used += value[used] == ',';
		}
		push(a, as, key, strbuf_text(&b), false);
	}
	*s = value + used + (value[used] == ',');
	return 0;
}

static int take_cpu_item(struct arena *a, const struct qemuopt *opt, const char **s,
			 struct assigns *as, struct err *err)
{
	size_t len = strcspn(*s, ",");
	const char *item = str_trim(a, *s, len), *eq = strchr(item, '=');

	if (*item == '+' || *item == '-') {
		if (item[1] == '\0' || eq)
			return err_set(err, EINVAL, "'%s': a feature's name alone must follow the sign",
				       item);
		push(a, as, item + 1, *item == '+' ? "on" : "off", false);
	} else if (!eq || eq == item) {
		return no_value(opt, item, err);
	} else if (eq[-1] == ':') {
		return err_set(err, EINVAL, "'%s': -cpu knows no JSON, write %.*s=…", item,
			       (int)(eq - item - 1), item);
	} else {
		push(a, as, arena_strndup(a, item, (size_t)(eq - item)), eq + 1, false);
	}
	*s += len + ((*s)[len] == ',');
	return 0;
}

static int parse_raw(struct arena *a, const struct qemuopt *opt, const char *rest,
		     struct assigns *as, struct err *err)
{
	if (!str_starts(rest, "value="))
		return err_set(err, EINVAL,
			       "the value of -%s is one text: write value=…, all of it", opt->name);
	push(a, as, "value", rest + strlen("value="), false);
	return 0;
}

static int parse_global(struct arena *a, const char *rest, struct assigns *as, struct err *err)
{
	const char *eq = strchr(rest, '='), *dot = strchr(rest, '.');

	if (!eq || !dot || dot == rest || dot > eq || eq - dot == 1 || eq[-1] == ':')
		return err_set(err, EINVAL, "write -global DRIVER.PROPERTY=VALUE, one a line");
	push(a, as, arena_strndup(a, rest, (size_t)(eq - rest)), eq + 1, false);
	return 0;
}

int assigns_parse(struct arena *a, const struct qemuopt *opt, const char *rest, struct assigns *as,
		  struct err *err)
{
	int rc = 0;

	*as = (struct assigns){ 0 };
	if (*rest == '\0')
		return err_set(err, EINVAL, "nothing after -%s: write property=value", opt->name);
	switch (opt->syntax) {
	case SYNTAX_NONE:
		return err_set(err, EINVAL, "-%s takes no value: add or remove it", opt->name);
	case SYNTAX_RAW:
		return parse_raw(a, opt, rest, as, err);
	case SYNTAX_GLOBAL:
		return parse_global(a, rest, as, err);
	default:
		while (!rc && *rest)
			rc = (opt->syntax == SYNTAX_CPU ? take_cpu_item : take_item)(a, opt, &rest,
										     as, err);
		return rc;
	}
}

int assigns_parse_keys(struct arena *a, const struct qemuopt *opt, const char *rest,
		       struct assigns *as, struct err *err)
{
	*as = (struct assigns){ 0 };
	if (opt->syntax == SYNTAX_NONE || opt->syntax == SYNTAX_RAW)
		return err_set(err, EINVAL, "-%s has no properties: remove takes it out whole",
			       opt->name);
	if (*rest == '\0')
		return err_set(err, EINVAL, "nothing after -%s: write the property's name",
			       opt->name);
	while (*rest) {
		size_t len = strcspn(rest, ",");
		const char *key = str_trim(a, rest, len);

		if (*key == '\0' || strchr(key, '='))
			return err_set(err, EINVAL, "'%s': unset takes names only, with commas",
				       key);
		if (opt->syntax == SYNTAX_GLOBAL && !strchr(key, '.'))
			return err_set(err, EINVAL, "'%s': write -global DRIVER.PROPERTY", key);
		if ((opt->implied && str_eq(key, opt->implied)) ||
		    (opt->syntax == SYNTAX_CPU && str_eq(key, "model")))
			return err_set(err, EINVAL, "-%s cannot do without its %s", opt->name, key);
		push(a, as, key, NULL, false);
		rest += len + (rest[len] == ',');
	}
	return 0;
}
