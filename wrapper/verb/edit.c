/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/edit.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "conf/rules.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/view.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/foldset.h"
#include "wrapper/verb/global.h"

/* ---- values ---- */

static const char *quote_glob(struct arena *a, const char *value)
{
	struct strbuf b = { .arena = a };

	for (; *value; value++) {
		if (strchr("*?\\", *value))
			strbuf_addc(&b, '\\');
		strbuf_addc(&b, *value);
	}
	return strbuf_text(&b);
}

static bool selected(struct edit *e, struct arg *arg)
{
	bool refused = false, yes;

	if (!arg_is(arg, e->opt))
		return false;
	if (e->opt->repeat == REPEAT_LAST && arg - e->c->args != view_last(e->c, e->opt))
		return false;
	yes = view_selects(e->c, arg, &e->target, &refused);
	if (refused)
		editor_tell_nothing(
			e, arena_printf(e->arena, "not changed, because QEMU refuses this JSON: %s",
					str_printable(e->arena, arg->value)));
	return yes && arg->value;
}

static int assign_selected(struct edit *e, const struct assigns *as, struct err *err)
{
	size_t n = e->c->n, seen = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		if (!selected(e, &e->c->args[i]))
			continue;
		seen++;
		rc = foldset_into(e, &e->c->args[i],
				  e->action->verb == VERB_DEFAULT ? NULL : as, err);
		if (!rc)
			rc = editor_assign_all(e, &e->c->args[i], as, err);
	}
	if (!seen)
		editor_tell_none_selected(e);
	return rc;
}

/* ---- options whose uses merge: -machine, -smp, -name … ---- */

/* -enable-kvm and the like say the same thing in another word: they go. */
static void drop_sugar(struct edit *e, const char *key)
{
	for (size_t i = 0; i < e->c->n; i++) {
		struct arg *arg = &e->c->args[i];

		if (!arg->removed && arg->opt && arg->opt->means_key &&
		    str_eq(arg->opt->means, e->opt->name) &&
		    optval_same_key(e->opt, arg->opt->means_key, key))
			editor_drop(e, arg);
	}
}

/* Does -accel say what -machine would by this key? */
static bool has_accel_for(const struct edit *e, const char *key)
{
	return str_eq(e->opt->name, "machine") && optval_same_key(e->opt, key, "accel") &&
	       view_has(e->c, &(struct target){ .option = "accel" });
}

static int merged_assign(struct edit *e, const struct assign *as, struct err *err)
{
	ptrdiff_t at = view_last_mention(e->c, e->opt, as->key);
	const char *value;
	int rc;

	if (at >= 0 && e->action->verb == VERB_DEFAULT)
		return 0;
	if (has_accel_for(e, as->key)) {
		if (e->action->verb == VERB_DEFAULT)
			return 0;
		return err_set(err, EINVAL,
			       "the command line has -accel, and QEMU does not accept -machine "
			       "accel= together with -accel; write set = -accel accel=…");
	}
	drop_sugar(e, as->key);
	at = view_last_mention(e->c, e->opt, as->key);
	if (at < 0)
		at = view_last(e->c, e->opt);
	if (at >= 0)
		return editor_assign(e, &e->c->args[at], as, err);
	if (!str_eq(e->opt->name, "machine")) {
		editor_tell_none_selected(e);
		return 0;
	}
	rc = editor_value(e, as, &value, err);
	if (!rc)
		rc = optval_item(e->arena, e->opt, as->key, value, as->typed, &value, err);
	if (!rc)
		editor_add(e, e->opt, value);
	return rc;
}

static int assign_merged(struct edit *e, const struct assigns *as, struct err *err)
{
	struct target *t = &e->target;
	int rc = 0;

	if (t->n && !view_has(e->c, t)) {
		editor_tell_none_selected(e);
		return 0;
	}
	for (size_t i = 0; !rc && i < as->n; i++)
		rc = merged_assign(e, &as->v[i], err);
	return rc;
}

/* ---- the verbs ---- */

int edit_assign(struct edit *e, const struct assigns *as, struct err *err)
{
	if (e->opt->syntax == SYNTAX_GLOBAL)
		return editglobal_assign(e, &as->v[0], err);
	if (e->opt->syntax == SYNTAX_CPU && view_last(e->c, e->opt) < 0)
		return editglobal_without_cpu(e, as, err);
	if (e->opt->repeat == REPEAT_MERGE)
		return assign_merged(e, as, err);
	return assign_selected(e, as, err);
}

static int verb_assign(struct edit *e, struct err *err)
{
	struct assigns as;
	int rc = assigns_parse(e->arena, e->opt, e->action->rest, &as, err);

	return rc ? rc : edit_assign(e, &as, err);
}

static void unset_keys(struct edit *e, struct arg *arg, const struct assigns *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct optval *v = view_parsed(e->c, arg, NULL);
		const char *text = optval_unset(e->arena, v, keys->v[i].key);

		editor_drop_sets(e, arg, keys->v[i].key);
		if (*text == '\0' && *arg->value)
			editor_drop(e, arg);
		else
			editor_change(e, arg, text);
		if (arg->removed)
			return;
	}
}

/* The selector speaks of all uses as they were before the first one is changed. */
static void unset_merged(struct edit *e, const struct assigns *keys)
{
	if (e->target.n && !view_has(e->c, &e->target)) {
		editor_tell_none_selected(e);
		return;
	}
	for (size_t i = 0; i < keys->n; i++)
		drop_sugar(e, keys->v[i].key);
	for (size_t i = 0; i < e->c->n; i++)
		if (arg_is(&e->c->args[i], e->opt))
			unset_keys(e, &e->c->args[i], keys);
}

static int unset_selected(struct edit *e, const struct assigns *keys, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < e->c->n; i++) {
		if (!selected(e, &e->c->args[i]))
			continue;
		rc = foldset_into(e, &e->c->args[i], keys, err);
		if (!rc)
			unset_keys(e, &e->c->args[i], keys);
	}
	return rc;
}

static int verb_unset(struct edit *e, struct err *err)
{
	size_t before = e->trace->n_events;
	struct assigns keys;
	int rc = assigns_parse_keys(e->arena, e->opt, e->action->rest, &keys, err);

	if (rc)
		return rc;
	if (e->opt->syntax == SYNTAX_GLOBAL)
		editglobal_unset(e, &keys);
	else if (e->opt->repeat == REPEAT_MERGE)
		unset_merged(e, &keys);
	else
		rc = unset_selected(e, &keys, err);
	if (e->trace->n_events == before)
		editor_tell_nothing(e, "the command line has no such property");
	return rc;
}

/* An id is unique in its list: -device and -netdev may share one, two devices may not. */
static int check_id(struct edit *e, const char *value, struct err *err)
{
	const char *key = str_eq(e->opt->name, "blockdev") ? "node-name" : "id";
	const struct prop *id;
	struct optval v;

	if (!(e->opt->flags & OPT_FIRST_ID) && !(e->opt->flags & OPT_JSON))
		return 0;
	if (optval_parse(e->arena, e->opt, value, &v, err) < 0)
		return -EINVAL;
	id = optval_get(&v, key);
	for (size_t i = 0; id && i < e->c->n; i++) {
		struct arg *arg = &e->c->args[i];
		const struct optval *other =
			arg_is(arg, e->opt) && arg->value ? view_parsed(e->c, arg, err) : NULL;
		const struct prop *taken = other ? optval_get(other, key) : NULL;

		if (taken && str_eq(taken->value, id->value))
			return err_set(
				err, EINVAL, "%s '%s' is already on the command line: -%s %s", key,
				id->value, e->opt->name, str_printable(e->arena, arg->value));
	}
	return 0;
}

static expand_quote *quote_for(struct arena *a, const struct qemuopt *opt, const char *value)
{
	if (*value == '{' && opt->flags & OPT_JSON)
		return quote_json;
	if (opt->syntax == SYNTAX_CPU || opt->flags & OPT_CHARDEV)
		return quote_no_comma;
	if (opt->syntax == SYNTAX_GLOBAL)
		return editglobal_is_long(a, value) ? quote_opts : NULL;
	return opt->syntax == SYNTAX_OPTS || opt->syntax == SYNTAX_KEYVAL ? quote_opts : NULL;
}

/* Of such an option QEMU uses only the last: the added one replaces it, and set may be meant. */
static void tell_replaced(struct edit *e)
{
	ptrdiff_t last = view_last(e->c, e->opt);

	if (e->opt->repeat == REPEAT_LAST && last >= 0)
		editor_tell_note(
			e, arena_printf(e->arena,
					"QEMU uses only the last -%s, so -%s %s of the command line "
					"has no effect; to change it, write set",
					e->opt->name, e->opt->name,
					str_printable(e->arena, e->c->args[last].value)));
}

static int verb_add(struct edit *e, struct err *err)
{
	const char *value = e->action->rest;
	int rc;

	if (!qemuopt_has_arg(e->opt)) {
		if (view_last(e->c, e->opt) >= 0)
			editor_tell_nothing(e, "the option is already on the command line");
		else
			editor_add(e, e->opt, NULL);
		return 0;
	}
	rc = expand(e->arena, e->names, value, quote_for(e->arena, e->opt, value), &value, err);
	if (!rc)
		rc = check_id(e, value, err);
	if (rc)
		return rc;
	tell_replaced(e);
	editor_add(e, e->opt, value);
	return 0;
}

static bool removable(struct edit *e, struct arg *arg)
{
	if (!arg_is(arg, e->opt))
		return false;
	if (e->opt->repeat == REPEAT_ADD)
		return view_selects(e->c, arg, &e->target, NULL);
	return true;
}

/* If uses merge or the last one counts, all of them are one option and are removed together. */
static int verb_remove(struct edit *e, struct err *err)
{
	size_t before = e->trace->n_events;

	(void)err;
	if (e->opt->repeat == REPEAT_ADD || view_has(e->c, &e->target))
		for (size_t i = 0; i < e->c->n; i++)
			if (removable(e, &e->c->args[i])) {
				editor_drop_sets(e, &e->c->args[i], NULL);
				editor_drop(e, &e->c->args[i]);
			}
	if (e->trace->n_events == before)
		editor_tell_none_selected(e);
	return 0;
}

static int (*const low_verbs[VERB_HIDE_HYPERVISOR])(struct edit *e, struct err *err) = {
	[VERB_SET] = verb_assign,
	[VERB_DEFAULT] = verb_assign,
	[VERB_UNSET] = verb_unset,
	[VERB_ADD] = verb_add,
	[VERB_REMOVE] = verb_remove,
};

static int expand_target(struct edit *e, struct err *err)
{
	const struct target *from = &e->action->target;
	struct selkey *keys = arena_alloc(e->arena, (from->n + 1) * sizeof(*keys));
	int rc = 0;

	e->target = (struct target){ .option = from->option, .keys = keys, .n = from->n };
	for (size_t i = 0; !rc && i < from->n; i++) {
		keys[i].key = from->keys[i].key;
		rc = expand(e->arena, e->names, from->keys[i].glob, quote_glob, &keys[i].glob, err);
	}
	return rc;
}

int edit_apply(struct edit *e, struct err *err)
{
	int rc;

	e->opt = qemuopt_canonical(qemuopt_find(&e->c->opts, e->action->target.option));
	rc = expand_target(e, err);
	return rc ? rc : low_verbs[e->action->verb](e, err);
}
