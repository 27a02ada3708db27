/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/explain/text.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/explain/diff.h"
#include "ctl/explain/explained.h"
#include "ctl/explain/rules.h"
#include "ctl/explain/word.h"

/* Options longer than this do not widen the column. */
#define COLUMN_MAX 16

#define REALLY_GOT "what QEMU really got\n"

enum mark { MARK_SAME, MARK_CHANGED, MARK_ADDED, MARK_REMOVED };

static const struct {
	const char *sign, *colour;
} marks[] = {
	[MARK_SAME] = { " ", "" },
	[MARK_CHANGED] = { "~", "\033[33m" },
	[MARK_ADDED] = { "+", "\033[32m" },
	[MARK_REMOVED] = { "-", "\033[31m" },
};

struct text {
	const struct ctl *ctl;
	int column;
};

static const char *paint(const struct text *t, const char *colour)
{
	return t->ctl->colour && *colour ? colour : "";
}

static const char *unpaint(const struct text *t, const char *colour)
{
	return t->ctl->colour && *colour ? "\033[0m" : "";
}

static int column_for(const struct cmdline *c)
{
	int width = 0;

	for (size_t i = 0; i < c->n; i++) {
		int len = (int)strnlen(c->args[i].word, COLUMN_MAX + 1);

		if (c->args[i].value && len <= COLUMN_MAX && len > width)
			width = len;
	}
	return width;
}

/* value: fit to be shown, or NULL. */
static void marked(const struct text *t, enum mark mark, const char *word, const char *value)
{
	const char *colour = marks[mark].colour;

	printf("%s%s %-*s%s%s%s\n", paint(t, colour), marks[mark].sign, value ? t->column : 0,
	       explain_word(t->ctl->host.arena, word), value ? "  " : "", value ? value : "",
	       unpaint(t, colour));
}

static void line(const struct text *t, enum mark mark, const char *word, const char *value)
{
	marked(t, mark, word, value ? explain_word(t->ctl->host.arena, value) : NULL);
}

static void changed(const struct text *t, const char *word, const char *before, const char *after)
{
	struct arena *a = t->ctl->host.arena;
	const char *colour = marks[MARK_CHANGED].colour;

	if (t->ctl->colour) {
		explain_embolden(a, &before, &after);
	} else {
		before = explain_word(a, before);
		after = explain_word(a, after);
	}
	marked(t, MARK_CHANGED, word, before);
	printf("%s%*s→ %s%s\n", paint(t, colour), t->column + 2, "", after, unpaint(t, colour));
}

static void because(const struct text *t, const struct event *e)
{
	printf("%s%*s%s:%u [%s] %s%s\n", paint(t, "\033[2m"), t->column + 4, "", e->rule->file,
	       e->action->line, str_printable(t->ctl->host.arena, e->rule->section),
	       verb_names[e->action->verb], unpaint(t, "\033[2m"));
}

static void argument(const struct text *t, const struct decision *d, size_t i)
{
	const struct arg *arg = &d->cmdline.args[i];

	if (arg->added && arg->removed)
		return;
	if (arg->added)
		line(t, MARK_ADDED, arg->word, arg->value);
	else if (arg->removed)
		line(t, MARK_REMOVED, arg->word, arg->before);
	else if (arg->changed && !str_eq(arg->before, arg->value))
		changed(t, arg->word, arg->before, arg->value);
	else
		line(t, MARK_SAME, arg->word, arg->value);
	for (size_t k = 0; k < d->trace.n_events; k++)
		if (event_has_arg(d->trace.events[k].kind) && d->trace.events[k].arg == i)
			because(t, &d->trace.events[k]);
}

static void plain(const struct text *t, const struct cmdline *c)
{
	for (size_t i = 0; i < c->n; i++)
		line(t, MARK_SAME, c->args[i].word, c->args[i].value);
}

/* The changes by the rules, or, if no rule applied, the command line as it came in. */
static void arguments(const struct text *t, struct explained *x)
{
	struct arena *a = t->ctl->host.arena;
	struct cmdline c;

	if (x->d.kind != DECIDE_REWRITE) {
		cmdline_parse(a, &x->d.cmdline.opts, explain_argv(a, &x->before), &c);
		plain(t, &c);
		return;
	}
	for (size_t i = 0; i < x->d.cmdline.n; i++)
		argument(t, &x->d, i);
}

static const char *const kind_text[] = {
	[DECIDE_OFF] = "unchanged: enabled = no in kvmshim.conf",
	[DECIDE_PROBE] = "unchanged: this is a query to the emulator, not a VM start",
	[DECIDE_REWRITE] = "started with these rules",
	[DECIDE_REFUSE] = "refused: the rules have mistakes",
	[DECIDE_PASS] = "unchanged: the rules have mistakes, and on-error = pass",
};

/* The VM does not run with the arguments that the rules give today: shows both, without reasons. */
static void running(const struct text *t, struct explained *x)
{
	struct arena *a = t->ctl->host.arena;
	struct cmdline old, new;
	struct diff_step *steps;
	size_t n;

	cmdline_parse(a, &x->d.cmdline.opts, explain_argv(a, &x->before), &old);
	cmdline_parse(a, &x->d.cmdline.opts, explain_argv(a, &x->running), &new);
	puts(REALLY_GOT);
	steps = explain_diff(a, &old, &new, &n);
	for (size_t i = 0; i < n; i++) {
		const struct arg *from = steps[i].old, *to = steps[i].new;

		if (!from)
			line(t, MARK_ADDED, to->word, to->value);
		else if (!to)
			line(t, MARK_REMOVED, from->word, from->value);
		else if (from->value && to->value && !str_eq(from->value, to->value))
			changed(t, to->word, from->value, to->value);
		else
			line(t, MARK_SAME, to->word, to->value);
	}
}

/* For a domain: does it run as the rules decide today? */
static const char *as_it_runs(const struct explained *x)
{
	if (!x->domain)
		return "";
	if (x->running.n == 0)
		return "; it is not running: this is what its last start would be today";
	if (!x->running_as_decided)
		return "; it runs with other arguments (the rules have changed, or the wrapper was "
		       "not in front)";
	return "; it runs with these arguments now";
}

static const char *verdict(const struct explained *x)
{
	if (x->itself && x->d.kind != DECIDE_REFUSE)
		return "not started: set 'real =' in kvmshim.conf to the real emulator";
	return kind_text[x->d.kind];
}

static void heading(const struct text *t, const struct explained *x)
{
	struct arena *a = t->ctl->host.arena;
	bool now = !x->domain || x->running_as_decided;

	if (x->title)
		printf("%s\n", str_printable(a, x->title));
	printf("emulator  %s → %s%s%s%s\n", str_printable(a, x->before.v[0]),
	       str_printable(a, x->d.real ? x->d.real : "?"), x->unfit ? " (" : "",
	       x->unfit ? x->unfit : "", x->unfit ? ")" : "");
	printf("verdict   %s%s%s\n\n", now ? "" : "would be ", verdict(x), as_it_runs(x));
}

static void mistakes(const struct text *t, const struct mistakes *m)
{
	if (m->errors)
		printf("\nmistakes\n");
	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].warning)
			printf("  %s\n", mistake_text(t->ctl->host.arena, &m->v[i]));
}

/* A domain of which only what runs is known, or nothing. */
static void problem(struct text *t, struct explained *x)
{
	struct arena *a = t->ctl->host.arena;
	struct cmdline c;

	printf("%s: %s\n", str_printable(a, x->title), str_printable(a, x->problem));
	if (x->running.n == 0)
		return;
	cmdline_parse(a, &x->d.cmdline.opts, explain_argv(a, &x->running), &c);
	t->column = column_for(&c);
	puts(REALLY_GOT);
	plain(t, &c);
}

void explain_text(const struct ctl *ctl, struct explained *x)
{
	struct text t = { .ctl = ctl };

	if (x->problem) {
		problem(&t, x);
		return;
	}
	t.column = column_for(&x->d.cmdline);
	heading(&t, x);
	if (x->running.n && !x->running_as_decided)
		running(&t, x);
	else
		arguments(&t, x);
	explain_rules(ctl, x);
	mistakes(&t, &x->d.mistakes);
}
