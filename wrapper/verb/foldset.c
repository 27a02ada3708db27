/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/foldset.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/setopt.h"
#include "wrapper/line/view.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/highverbs.h"

static bool is_ours(const struct arg *arg, const struct assigns *ours, const char *key)
{
	for (size_t i = 0; ours && i < ours->n; i++)
		if (optval_same_key(arg->opt, ours->v[i].key, key))
			return true;
	return false;
}

/* The text of arg with this property; *text stays if the property is the rule's own. */
static int fold_one(struct edit *e, const struct arg *arg, const struct setopt *s, bool ours,
		    const char **text, struct err *err)
{
	struct optval v;
	int rc;

	if (ours)
		return 0;
	rc = optval_parse(e->arena, arg->opt, *text, &v, err);
	if (!rc)
		rc = optval_set(e->arena, &v, s->key, s->value, false, text, err);
	return rc ? err_wrap(err, "-set %s.%s", s->group, s->id) : 0;
}

static void tell_folded(struct edit *e, const struct setopt *s, bool ours)
{
	editor_tell_note(e, arena_printf(e->arena,
					 ours ? "-set %s.%s.%s is removed, because this rule "
						"changes the property" :
						"-set %s.%s.%s is folded into the JSON of this "
						"option, where QEMU does not accept -set",
					 str_printable(e->arena, s->group),
					 str_printable(e->arena, s->id),
					 str_printable(e->arena, s->key)));
}

int foldset_into(struct edit *e, struct arg *arg, const struct assigns *ours, struct err *err)
{
	const struct qemuopt *set = qemuopt_builtin("set");
	const char *text = arg->value;
	struct setopt s;
	int rc = 0;

	if (!(arg->opt->flags & OPT_JSON) || *arg->value != '{')
		return 0;
	for (size_t i = 0; !rc && i < e->c->n; i++) {
		bool own;

		if (!arg_is(&e->c->args[i], set) ||
		    !setopt_names(e->c, &e->c->args[i], arg, &s))
			continue;
		own = is_ours(arg, ours, s.key);
		rc = fold_one(e, arg, &s, own, &text, err);
		if (rc)
			break;
		tell_folded(e, &s, own);
		editor_drop(e, &e->c->args[i]);
	}
	if (!rc)
		editor_change(e, arg, text);
	return rc;
}

/* ---- fold-set ---- */

static int check_fold(struct arena *a, const struct params *p, struct err *err)
{
	(void)a;
	return str_eq(p->place[0], "yes") ?
		       0 :
		       err_set(err, EINVAL, "'%s': must be yes", p->place[0]);
}

static int apply_fold(struct edit *e, const struct params *p, struct err *err)
{
	size_t before = e->trace->n_events;
	int rc = 0;

	(void)p;
	if (view_last(e->c, qemuopt_builtin("set")) < 0)
		return 0;
	for (size_t i = 0; !rc && i < e->c->n; i++) {
		struct arg *arg = &e->c->args[i];

		if (!arg->removed && arg->opt && arg->value)
			rc = foldset_into(e, arg, NULL, err);
	}
	if (!rc && e->trace->n_events == before)
		editor_tell_nothing(e, "no -set on the command line names an option in JSON");
	return rc;
}

const struct high high_fold_set = {
	.form = { .usage = "yes", .places = 1 },
	.check = check_fold,
	.apply = apply_fold,
};
