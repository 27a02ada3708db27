/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/global.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/view.h"

bool editglobal_is_long(struct arena *a, const char *text)
{
	const struct qemuopt global = { .syntax = SYNTAX_GLOBAL };
	struct optval v;

	optval_parse(a, &global, text, &v, NULL);
	return !v.short_global;
}

static const char *global_key(struct edit *e, struct arg *arg)
{
	const struct optval *v = view_parsed(e->c, arg, NULL);
	const struct prop *driver = optval_get(v, "driver"), *property = optval_get(v, "property");

	return driver && property ? arena_printf(e->arena, "%s.%s", driver->value,
						 property->value) :
				    "";
}

/* The last -global of DRIVER.PROPERTY, which has effect; NULL if none exists. */
static struct arg *find_global(struct edit *e, const char *key)
{
	const struct qemuopt *global = qemuopt_find(&e->c->opts, "global");

	for (size_t i = e->c->n; i-- > 0;)
		if (arg_is(&e->c->args[i], global) && e->c->args[i].value &&
		    str_eq(global_key(e, &e->c->args[i]), key))
			return &e->c->args[i];
	return NULL;
}

/* The driver ends at the first dot. Two drivers have a dot in their name: cfi.pflash01, 02. */
const char *editglobal_dot(const char *key)
{
	const char *dot = strchr(key, '.'), *second = strchr(dot + 1, '.');

	return second && str_starts(key, "cfi.") ? second : dot;
}

/* The short form ends the driver at the first dot, whatever it is called. */
static const char *global_text(struct arena *a, const char *key, const char *value)
{
	const char *dot = editglobal_dot(key);

	if (strchr(key, '.') == dot)
		return arena_printf(a, "%s=%s", key, value);
	return arena_printf(a, "driver=%.*s,property=%s,value=%s", (int)(dot - key), key, dot + 1,
			    quote_opts(a, value));
}

int editglobal_assign(struct edit *e, const struct assign *as, struct err *err)
{
	struct arg *arg = find_global(e, as->key);
	struct assign value = { .key = "value", .value = as->value };
	const char *text;
	int rc;

	if (arg)
		return e->action->verb == VERB_DEFAULT ? 0 : editor_assign(e, arg, &value, err);
	rc = editor_value(e, as, &text, err);
	if (!rc)
		editor_add(e, qemuopt_find(&e->c->opts, "global"), global_text(e->arena, as->key, text));
	return rc;
}

void editglobal_unset(struct edit *e, const struct assigns *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		struct arg *arg;

		while ((arg = find_global(e, keys->v[i].key)))
			editor_drop(e, arg);
	}
}

/* ---- a line without -cpu ---- */

static const char *dashes(struct arena *a, const char *key)
{
	char *copy = arena_strdup(a, key);

	for (char *p = copy; (p = strchr(p, '_'));)
		*p = '-';
	return copy;
}

static bool has_cpu_global(struct edit *e, const char *property)
{
	const struct qemuopt *global = qemuopt_find(&e->c->opts, "global");
	const char *tail = arena_printf(e->arena, "cpu.%s", property);

	for (size_t i = 0; i < e->c->n; i++)
		if (arg_is(&e->c->args[i], global) && e->c->args[i].value &&
		    str_ends(global_key(e, &e->c->args[i]), tail))
			return true;
	return false;
}

/*
 * Without -cpu QEMU takes the machine's default model; -global reaches it as
 * driver `cpu`, the type that all models are (tried with QEMU 5.2 to 10.0).
 */
static int assign_cpu_globals(struct edit *e, const struct assigns *as, struct err *err)
{
	for (size_t i = 0; i < as->n; i++) {
		const char *key = dashes(e->arena, as->v[i].key), *value;
		int rc = editor_value(e, &as->v[i], &value, err);

		if (rc)
			return rc;
		if (strchr(value, ','))
			return err_set(err, EINVAL, "-cpu does not allow a comma in a value ('%s')",
				       value);
		if (e->action->verb == VERB_DEFAULT && has_cpu_global(e, key))
			continue;
		editor_add(e, qemuopt_find(&e->c->opts, "global"),
		    arena_printf(e->arena, "driver=cpu,property=%s,value=%s", key, value));
	}
	return 0;
}

/* With a model, a -cpu can be written. */
int editglobal_without_cpu(struct edit *e, const struct assigns *as, struct err *err)
{
	const char *model;
	int rc;

	if (e->target.n) {
		editor_tell_none_selected(e);
		return 0;
	}
	for (size_t i = 0; i < as->n; i++) {
		if (!str_eq(as->v[i].key, "model"))
			continue;
		rc = expand(e->arena, e->names, as->v[i].value, quote_no_comma, &model, err);
		if (rc)
			return rc;
		return editor_assign_all(e, editor_add(e, e->opt, model), as, err);
	}
	return assign_cpu_globals(e, as, err);
}

