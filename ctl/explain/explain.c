/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmshim explain: what the wrapper does with a command line, rule by rule. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/doctor/place.h"
#include "ctl/explain/explained.h"
#include "ctl/explain/json.h"
#include "ctl/explain/native.h"
#include "ctl/explain/source.h"
#include "ctl/explain/text.h"
#include "err.h"
#include "jsondoc.h"
#include "wrapper/launch.h"

#define EXPLAIN_VERSION 1

static bool same_words(const char *const *a, const char *const *b)
{
	for (; *a && *b; a++, b++)
		if (!str_eq(*a, *b))
			return false;
	return !*a && !*b;
}

/* The file of a name without a directory: the first that PATH has. */
static const char *find_in_path(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t len = strcspn(path, ":");
		const char *file = arena_printf(a, "%.*s/%s", (int)len, path, name);

		if (access(file, X_OK) == 0)
			return file;
		path += len + (path[len] == ':');
	}
	return name;
}

/* The file that /proc/self/exe of the wrapper would be, with all links followed. */
static const char *self_of(struct arena *a, const char *argv0)
{
	const char *file = strchr(argv0, '/') ? argv0 : find_in_path(a, argv0);
	char *real = realpath(file, NULL);
	const char *self = real ? arena_strdup(a, real) : file;

	free(real);
	return self;
}

/* Before a roll-out everybody wonders. */
static const char *unfit(const char *real, bool itself)
{
	if (itself)
		return "is the wrapper itself";
	if (!real || access(real, X_OK) == 0)
		return NULL;
	return access(real, F_OK) == 0 ? "is not executable" : "does not exist";
}

static void judge(struct ctl *ctl, struct explained *x)
{
	char *const *argv = explain_argv(ctl->host.arena, &x->before);
	const char *self = self_of(ctl->host.arena, argv[0]);

	explain_argv(ctl->host.arena, &x->running);
	decide_ahead(&ctl->host, self, argv, NULL, &x->d);
	x->itself = x->d.real && (launch_is_self(x->d.real, self) || doctor_is_wrapper(x->d.real));
	x->unfit = unfit(x->d.real, x->itself);
	mistakes_sort(&x->d.mistakes);
	x->running_as_decided = x->running.n && x->d.kind != DECIDE_REFUSE &&
				same_words(decide_argv(&x->d, argv), x->running.v);
}

static int show(struct ctl *ctl, struct explained *v, size_t n)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();
	int status = CTL_FINE;

	for (size_t i = 0; i < n; i++) {
		if (v[i].problem || explain_refused(&v[i]))
			status = CTL_FOUND;
		if (ctl->json) {
			json_object_array_add(list, explain_json(ctl, &v[i]));
			continue;
		}
		if (i)
			putchar('\n');
		explain_text(ctl, &v[i]);
	}
	json_object_object_add(o, "version", json_object_new_int(EXPLAIN_VERSION));
	json_object_object_add(o, "explained", list);
	if (ctl->json)
		ctl_print_json(ctl->host.arena, o);
	else
		json_object_put(o);
	return status;
}

static int from_words(struct ctl *ctl, const struct strv *words)
{
	struct explained x = { 0 };

	/* `explain -- -cpu host`: any emulator will do */
	if (words->v[0][0] == '-')
		strv_push(ctl->host.arena, &x.before, "qemu-system-x86_64");
	for (size_t i = 0; i < words->n; i++)
		strv_push(ctl->host.arena, &x.before, words->v[i]);
	judge(ctl, &x);
	return show(ctl, &x, 1);
}

static int from_one(struct ctl *ctl, const char *what,
		    int (*source)(struct ctl *, const char *, struct explained *, struct err *))
{
	struct explained x = { 0 };
	struct err err;

	if (source(ctl, what, &x, &err) < 0)
		return ctl_fail("%s", err.text);
	if (!x.problem)
		judge(ctl, &x);
	return show(ctl, &x, 1);
}

static int from_all(struct ctl *ctl)
{
	struct strv names = { 0 };
	struct explained *v;
	struct err err = { 0 };

	if (explain_domain_names(ctl, &names, &err) < 0)
		return ctl_fail("%s", err.text);
	v = arena_alloc(ctl->host.arena, (names.n + 1) * sizeof(*v));
	for (size_t i = 0; i < names.n; i++) {
		v[i].title = names.v[i];
		if (err.code == ETIMEDOUT ||
		    explain_from_native(ctl, names.v[i], &v[i], &err) < 0)
			v[i].problem = arena_strdup(ctl->host.arena, err.text);
		else
			judge(ctl, &v[i]);
	}
	return show(ctl, v, names.n);
}

struct asked {
	const char *log;
	bool all;
	struct strv domains, line;
};

static const struct option_row options[] = {
	OPTION_ROW_JSON,
	{ "log", OPTION_WORD, offsetof(struct asked, log), "FILE",
	  "explain the last start in a log of libvirt" },
	{ "all", OPTION_FLAG, offsetof(struct asked, all),
	  .help = "explain the next start of each domain that libvirt has" },
	{ 0 },
};

/* The sources that the command line names; "" if it names none. */
static const char *sources(struct arena *a, const struct asked *asked, size_t *n)
{
	struct strbuf text = { .arena = a };
	const char *given[] = {
		asked->domains.n ? arena_printf(a, "'%s'", asked->domains.v[0]) : NULL,
		asked->log ? "--log" : NULL,
		asked->all ? "--all" : NULL,
		asked->line.n ? arena_printf(a, "-- %s", asked->line.v[0]) : NULL,
	};

	*n = 0;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i])
			strbuf_addf(&text, "%s%s", (*n)++ ? " and " : "", given[i]);
	return strbuf_text(&text);
}

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct asked asked = { 0 };
	const char *given;
	size_t n;
	int status;

	if (!options_read(ctl, &command_explain, argc, argv, &asked, &status))
		return status;
	given = sources(ctl->host.arena, &asked, &n);
	if (n != 1)
		return ctl_wrong(&command_explain, "%s%s: write one of DOMAIN, --log FILE, --all and "
				 "-- EMULATOR ARGUMENT…",
				 given, n ? " are given" : "a command line is missing");
	if (asked.line.n)
		return from_words(ctl, &asked.line);
	if (asked.all)
		return from_all(ctl);
	return asked.log ? from_one(ctl, asked.log, explain_from_log) :
			   from_one(ctl, asked.domains.v[0], explain_from_domain);
}

const struct command command_explain = {
	.name = "explain",
	.usage = "[--json] (DOMAIN | --log FILE | --all | -- EMULATOR ARG…)",
	.help = "show what the wrapper does with a command line, rule by rule",
	.about = "Prints a command line, one argument per line, with each change that the wrapper\n"
		 "makes and the rule that makes it, and the result of each rule. Changes nothing.\n"
		 "DOMAIN is a domain of libvirt: explains its last start, or the VM that runs.\n"
		 "After -- follows the command line of an emulator; EMULATOR can be omitted.",
	.options = options,
	.operands = {
		.name = "DOMAIN",
		.at = offsetof(struct asked, domains),
		.line_at = offsetof(struct asked, line),
	},
	.examples = "kvmshim explain desktop-7\n"
		    "kvmshim explain -- qemu-system-x86_64 -cpu host",
	.manual = "kvmshim(8), kvmshim-rules(5)",
	.run = run,
};
