/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/probe.h"

#include <string.h>

#include "str.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/view.h"

static bool is_help(const char *s)
{
	return str_eq(s, "help") || str_eq(s, "?");
}

/* Keys other than the implied one whose help is a list. */
static const struct {
	const char *option, *key;
} lists[] = { { "audio", "model" }, { "drive", "format" }, { "net", "model" }, { "nic", "model" } };

static bool names_kind(const struct qemuopt *opt, const struct prop *p)
{
	if (opt->syntax == SYNTAX_RAW || p->implied ||
	    (opt->implied && str_eq(p->key, opt->implied)))
		return true;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (str_eq(lists[i].option, opt->name) && str_eq(lists[i].key, p->key))
			return true;
	return false;
}

/*
 * has_help_option() of util/qemu-option.c looks at every item without a value;
 * is_help_option() at what names the kind of thing.
 */
static bool asks_for_help(const struct cmdline *c, struct arg *arg)
{
	const struct optval *v;

	/* JSON asks for no help, and is not worth reading for it */
	if (*arg->value == '{' && arg->opt->flags & OPT_JSON)
		return false;
	v = view_parsed(c, arg, NULL);
	for (size_t i = 0; v && i < v->n; i++) {
		const struct prop *p = &v->props[i];

		if (p->bare ? is_help(p->key) : names_kind(arg->opt, p) && is_help(p->value))
			return true;
	}
	return false;
}

static bool is_question(const struct cmdline *c, struct arg *arg)
{
	static const char *const flags[] = { "h", "help", "version" };

	if (STR_AMONG(flags, arg->opt->name))
		return true;
	return arg->opt->flags & OPT_HELP && arg->value && asks_for_help(c, arg);
}

bool probe_is(const struct cmdline *c)
{
	const char *machine = view_get(c, "machine", "type");

	if (machine && str_eq(machine, "none"))
		return true;
	for (size_t i = 0; i < c->n; i++)
		if (c->args[i].opt && is_question(c, &c->args[i]))
			return true;
	return false;
}
