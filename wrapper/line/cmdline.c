/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/cmdline.h"

#include <string.h>

#include "arena.h"
#include "str.h"

static struct arg *push(struct cmdline *c, const char *word)
{
	struct arg *arg = arena_push(c->arena, c->args, c->n, c->cap);

	*arg = (struct arg){ .word = word };
	return arg;
}

/* Fills arg from the words at argv; returns how many it took. */
static size_t take_words(const struct qemuopts *opts, struct arg *arg, char *const *argv)
{
	const char *word = argv[0];
	bool takes_value;

	if (word[0] != '-')
		return 1;
	arg->opt = qemuopt_find(opts, word[1] == '-' ? word + 2 : word + 1);
	arg->unknown = !arg->opt;
	takes_value = arg->opt ? qemuopt_has_arg(arg->opt) : argv[1] && argv[1][0] != '-';
	if (!takes_value || !argv[1])
		return 1;
	arg->value = arg->before = argv[1];
	return 2;
}

void cmdline_parse(struct arena *a, const struct qemuopts *opts, char *const *argv,
		   struct cmdline *c)
{
	*c = (struct cmdline){ .arena = a, .opts = *opts, .argv0 = argv[0] };
	for (size_t i = argv[0] ? 1 : 0; argv[i];)
		i += take_words(opts, push(c, argv[i]), argv + i);
}

const char **cmdline_argv(const struct cmdline *c, size_t *n)
{
	const char **argv = arena_alloc(c->arena, (2 * c->n + 2) * sizeof(*argv));
	size_t k = 0;

	if (c->argv0)
		argv[k++] = c->argv0;
	for (size_t i = 0; i < c->n; i++) {
		if (c->args[i].removed)
			continue;
		argv[k++] = c->args[i].word;
		if (c->args[i].value)
			argv[k++] = c->args[i].value;
	}
	argv[k] = NULL;
	if (n)
		*n = k;
	return argv;
}

bool arg_is(const struct arg *arg, const struct qemuopt *canonical)
{
	return !arg->removed && arg->opt && qemuopt_canonical(arg->opt) == canonical &&
	       (arg->value || !qemuopt_has_arg(arg->opt));
}

/* An option at the end that lacks its value would take what we add for it. */
static bool is_incomplete(const struct arg *arg)
{
	return arg->opt && qemuopt_has_arg(arg->opt) && !arg->value;
}

struct arg *cmdline_add(struct cmdline *c, const struct qemuopt *opt, const char *value)
{
	struct arg *arg = push(c, arena_printf(c->arena, "-%s", opt->name));

	arg->opt = opt;
	arg->value = value;
	arg->added = true;
	if (c->n > 1 && is_incomplete(arg - 1)) {
		struct arg last = arg[-1];

		arg[-1] = arg[0];
		arg[0] = last;
		arg--;
	}
	return arg;
}

void arg_change(struct arg *arg, const char *value)
{
	if (str_eq(arg->value, value))
		return;
	arg->value = value;
	arg->changed = true;
}
