/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/editor.h"

#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/json.h"
#include "wrapper/line/setopt.h"
#include "wrapper/line/view.h"

/* ---- reports to the trace ---- */

static struct event *report(struct edit *e, enum event_kind kind, const struct arg *arg)
{
	struct event *event = arena_push(e->arena, e->trace->events, e->trace->n_events,
					 e->trace->events_cap);

	*event = (struct event){ .kind = kind, .rule = e->rule, .action = e->action };
	event->option = e->action->target.option;
	if (arg) {
		event->arg = (size_t)(arg - e->c->args);
		event->option = arg->word + strspn(arg->word, "-");
	}
	return event;
}

void editor_tell_nothing(struct edit *e, const char *why)
{
	report(e, EVENT_NOTHING, NULL)->why = why;
}

/* The event of this very line of the rule on this very argument, if it changed it already. */
static struct event *earlier_change(struct edit *e, const struct arg *arg)
{
	struct trace *t = e->trace;
	struct event *last = t->n_events ? &t->events[t->n_events - 1] : NULL;

	if (!last || last->kind != EVENT_CHANGED || last->action != e->action ||
	    last->arg != (size_t)(arg - e->c->args))
		return NULL;
	return last;
}

void editor_change(struct edit *e, struct arg *arg, const char *value)
{
	struct event *event = earlier_change(e, arg);

	if (str_eq(arg->value, value))
		return;
	if (!event) {
		event = report(e, EVENT_CHANGED, arg);
		event->before = arg->value;
	}
	event->after = value;
	arg_change(arg, value);
}

struct arg *editor_add(struct edit *e, const struct qemuopt *opt, const char *value)
{
	struct arg *arg = cmdline_add(e->c, opt, value);

	report(e, EVENT_ADDED, arg)->after = value;
	return arg;
}

void editor_drop(struct edit *e, struct arg *arg)
{
	report(e, EVENT_REMOVED, arg)->before = arg->value;
	arg->removed = true;
}

/* Notes a fact about the change that the admin must know. */
void editor_tell_note(struct edit *e, const char *note)
{
	report(e, EVENT_NOTE, NULL)->why = note;
}

void editor_tell_none_selected(struct edit *e)
{
	if (e->target.n)
		editor_tell_nothing(e, "the command line has no option that the selector matches");
	else
		editor_tell_nothing(e, "the command line has no such option");
}

/* ---- values ---- */

/* For within either kind of quotes: QEMU takes '…' as well. */
const char *quote_json(struct arena *a, const char *value)
{
	const char *quoted = json_quote(a, value);
	struct strbuf b = { .arena = a };

	if (!quoted)
		return NULL;
	for (const char *s = quoted + 1; s[1]; s++)
		if (*s == '\'')
			strbuf_add(&b, "\\u0027");
		else
			strbuf_addc(&b, *s);
	return strbuf_text(&b);
}

const char *quote_no_comma(struct arena *a, const char *value)
{
	(void)a;
	return strchr(value, ',') ? NULL : value;
}

int editor_value(struct edit *e, const struct assign *as, const char **value,
			struct err *err)
{
	expand_quote *quote = as->typed			  ? quote_json :
			      e->opt->flags & OPT_CHARDEV ? quote_no_comma :
							    NULL;

	return expand(e->arena, e->names, as->value, quote, value, err);
}

/* ---- -set GROUP.ID.KEY=VALUE, which edits a device from behind ---- */

/* The -set for this property (NULL: for any) of this argument; NULL if none exists. */
static struct arg *find_set(struct edit *e, struct arg *arg, const char *key)
{
	const struct qemuopt *set = qemuopt_builtin("set");
	struct setopt s;

	for (size_t i = e->c->n; i-- > 0;)
		if (arg_is(&e->c->args[i], set) && setopt_names(e->c, &e->c->args[i], arg, &s) &&
		    (!key || str_eq(s.key, key)))
			return &e->c->args[i];
	return NULL;
}

void editor_drop_sets(struct edit *e, struct arg *arg, const char *key)
{
	struct arg *set;

	while ((set = find_set(e, arg, key)))
		editor_drop(e, set);
}

/* ---- one argument ---- */

int editor_assign(struct edit *e, struct arg *arg, const struct assign *as, struct err *err)
{
	const struct optval *v = view_parsed(e->c, arg, err);
	const char *value, *text;
	int rc;

	if (!v)
		return err_wrap(err, "-%s", e->opt->name);
	if (e->action->verb == VERB_DEFAULT &&
	    (optval_get(v, as->key) || find_set(e, arg, as->key)))
		return 0;
	rc = editor_value(e, as, &value, err);
	if (!rc)
		rc = optval_set(e->arena, v, as->key, value, as->typed, &text, err);
	if (rc)
		return rc;
	editor_drop_sets(e, arg, as->key);
	editor_change(e, arg, text);
	return 0;
}

int editor_assign_all(struct edit *e, struct arg *arg, const struct assigns *as,
			 struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < as->n; i++)
		rc = editor_assign(e, arg, &as->v[i], err);
	return rc;
}

