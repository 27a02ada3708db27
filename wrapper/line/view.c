/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/view.h"

#include <string.h>

#include "arena.h"
#include "conf/target.h"
#include "err.h"
#include "glob.h"
#include "str.h"
#include "wrapper/line/devalias.h"

const struct optval *view_parsed(const struct cmdline *c, struct arg *arg, struct err *err)
{
	struct optval *v;

	if (arg->parsed && arg->parsed->text == arg->value)
		return arg->parsed;
	v = arena_new(c->arena, struct optval);
	if (optval_parse(c->arena, arg->opt, arg->value, v, err) < 0)
		return NULL;
	arg->parsed = v;
	return v;
}

/* The value that one argument has for the key; NULL if it does not set the key. */
static const char *arg_says(const struct cmdline *c, struct arg *arg,
			    const struct qemuopt *canonical, const char *key)
{
	const struct qemuopt *opt = arg->removed ? NULL : arg->opt;
	const struct optval *v;
	const struct prop *p;
	struct err err;

	if (!opt)
		return NULL;
	if (opt->means_key && str_eq(opt->means, canonical->name))
		return optval_same_key(canonical, opt->means_key, key) ? opt->means_value : NULL;
	if (qemuopt_canonical(opt) != canonical || !arg->value)
		return NULL;
	v = view_parsed(c, arg, &err);
	p = v ? optval_get(v, key) : NULL;
	return p ? p->value : NULL;
}

ptrdiff_t view_last(const struct cmdline *c, const struct qemuopt *canonical)
{
	for (size_t i = c->n; i-- > 0;)
		if (arg_is(&c->args[i], canonical))
			return (ptrdiff_t)i;
	return -1;
}

ptrdiff_t view_last_mention(const struct cmdline *c, const struct qemuopt *canonical,
			    const char *key)
{
	for (size_t i = c->n; i-- > 0;)
		if (arg_says(c, &c->args[i], canonical, key))
			return (ptrdiff_t)i;
	return -1;
}

static const char *get(const struct cmdline *c, const struct qemuopt *canonical, const char *key)
{
	ptrdiff_t i = canonical->repeat == REPEAT_MERGE ? view_last_mention(c, canonical, key) :
							  view_last(c, canonical);

	return i < 0 ? NULL : arg_says(c, &c->args[i], canonical, key);
}

const char *view_get(const struct cmdline *c, const char *option, const char *key)
{
	return get(c, qemuopt_canonical(qemuopt_find(&c->opts, option)), key);
}

/* Addresses are hex numbers: 5:0.0 is 0000:05:00.0, and 0x2 is 02. */
static bool value_matches(const struct selkey *k, const char *value)
{
	if (glob_match(k->glob, value))
		return true;
	if (!str_eq(k->key, "addr") && !str_eq(k->key, "host"))
		return false;
	return glob_is_plain(k->glob) ? hexaddr_equal(k->glob, value) :
					glob_match_nocase(k->glob, value);
}

/* Either of them may be QEMU's other name for the driver. */
static bool driver_matches(const struct cmdline *c, const struct selkey *k, const char *driver)
{
	const char *real = devalias_driver(c, driver), *wanted;

	if (real && glob_match(k->glob, real))
		return true;
	wanted = devalias_driver(c, k->glob);
	return wanted && str_eq(wanted, driver);
}

static bool prop_matches(const struct cmdline *c, const struct arg *arg, const struct selkey *k,
			 const char *value)
{
	return value_matches(k, value) ||
	       (str_eq(k->key, "driver") && str_eq(arg->opt->name, "device") &&
		driver_matches(c, k, value));
}

static bool merged_matches(const struct cmdline *c, const struct qemuopt *canonical,
			   const struct target *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *value = get(c, canonical, t->keys[i].key);

		if (!value || !value_matches(&t->keys[i], value))
			return false;
	}
	return true;
}

bool view_selects(const struct cmdline *c, struct arg *arg, const struct target *t,
		  bool *refused)
{
	const struct optval *v;
	struct err err;

	if (!arg->value)
		return t->n == 0;
	v = view_parsed(c, arg, &err);
	if (!v) {
		if (refused)
			*refused = true;
		return false;
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct prop *p = optval_get(v, t->keys[i].key);

		if (!p || !prop_matches(c, arg, &t->keys[i], p->value))
			return false;
	}
	return true;
}

bool view_has(const void *cmdline, const struct target *t)
{
	const struct cmdline *c = cmdline;
	const struct qemuopt *opt = qemuopt_find(&c->opts, t->option);
	const struct qemuopt *canonical = opt ? qemuopt_canonical(opt) : NULL;
	ptrdiff_t last = canonical ? view_last(c, canonical) : -1;

	if (canonical && canonical->repeat == REPEAT_MERGE)
		return t->n ? merged_matches(c, canonical, t) : last >= 0;
	for (size_t i = 0; i < c->n; i++) {
		struct arg *arg = &c->args[i];

		if (!opt && arg->unknown && str_eq(arg->word + strspn(arg->word, "-"), t->option))
			return t->n == 0;
		if (!canonical || !arg_is(arg, canonical))
			continue;
		if (canonical->repeat == REPEAT_LAST && (ptrdiff_t)i != last)
			continue;
		if (view_selects(c, arg, t, NULL))
			return true;
	}
	return false;
}

const struct optval *view_next_device(const struct cmdline *c, size_t *at)
{
	const struct qemuopt *device = qemuopt_builtin("device");

	while (*at < c->n) {
		struct arg *arg = &c->args[(*at)++];
		const struct optval *v = arg_is(arg, device) ? view_parsed(c, arg, NULL) : NULL;

		if (v)
			return v;
	}
	return NULL;
}
