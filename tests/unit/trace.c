/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/trace.h"

#include "root.h"
#include "ruletext.h"
#include "wrapper/match.h"
#include "wrapper/rewrite.h"

static const struct row {
	const char *name, *rules, *line, *want;
} rows[] = {
	{ "nothing happened, nothing is told", "[a]\nwhen-name = x\nadd = -S\n", "-name y", NULL },
	{ "what was set already is nothing", "[a]\nwhen = always\nset = -cpu kvm=off\n",
	  "-name y -cpu host,kvm=off", NULL },
	{ "a change", "[a]\nwhen = always\nset = -cpu kvm=off\n", "-name y -cpu host",
	  "y:\nf.ini:3 [a] set -cpu: host -> host,kvm=off" },
	{ "an addition", "[a]\nwhen = always\nadd = -device x\n", "-name y",
	  "y:\nf.ini:3 [a] add -device: added x" },
	{ "a removal", "[a]\nwhen = always\nremove = -device\n", "-name y -device x",
	  "y:\nf.ini:3 [a] remove -device: removed x" },
	{ "a wish that came to nothing", "[a]\nwhen = always\nset = -device a=b\n", "-name y",
	  "y:\nf.ini:3 [a] set -device: the command line has no such option" },
	{ "a fact that is not known", "[a]\nwhen-flavor = x\nadd = -S\n", "-name y",
	  "y:\nf.ini:1 [a] skipped: when-flavor = x is unknown, so the rule does not apply" },
	{ "a guest that comes in", "[a]\non-incoming = skip\nwhen = always\nset = -cpu kvm=off\n",
	  "-name y -cpu host -incoming defer", "y:\nf.ini:1 [a] skipped: on-incoming = skip" },
	{ "a VM without a name", "[a]\nwhen = always\nadd = -device x\n", "-device y",
	  "(no name):\nf.ini:3 [a] add -device: added x" },
	{ "control bytes of a name and a value are not told", "[a]\nwhen = always\nset = -cpu kvm=off\n",
	  "-name \033[2J\n -cpu a\n", "\\x1b[2J\\x0a:\nf.ini:3 [a] set -cpu: a\\x0a -> a\\x0a,kvm=off" },
	{ "several in a row", "[a]\nwhen = always\nset = -cpu kvm=off\nadd = -device x\n",
	  "-name y -cpu host",
	  "y:\nf.ini:3 [a] set -cpu: host -> host,kvm=off\nf.ini:4 [a] add -device: added x" },
};

static void run(const char *rules, const char *line, struct trace *t, struct facts *f,
		const char **vm)
{
	static const struct host host = { &arena, { .prefix = "/nonexistent" } };
	struct cmdline *c = arena_new(&arena, struct cmdline);
	struct rule_set *set = arena_new(&arena, struct rule_set);
	struct mistakes m = { .arena = &arena };
	struct names names;
	struct err err;

	*t = (struct trace){ .arena = &arena };
	line_parse(line, c);
	ruled_read(rules, set);
	match_names(&arena, c, &names);
	assert_int_equal(match_facts(&host, c, "q", ~0u, f, &err), 0);
	rewrite(c, set, f, &names, t, &m);
	*vm = names.name;
}

static void tells(void **state)
{
	const struct row *row = *state;
	struct trace t;
	struct facts f;
	const char *vm, *text;

	run(row->rules, row->line, &t, &f, &vm);
	text = trace_text(&t, vm, &f);
	if (row->want)
		assert_says(text, row->want);
	else
		assert_null(text);
}

static const struct row outcomes[] = {
	{ "a condition that fails, and what it is instead", "[a]\nwhen-name = x, z\nadd = -S\n",
	  "-name y", "when-name = x, z is false (value: y)" },
	{ "where there is nothing", "[a]\nwhen-pci = 10de:*\nadd = -S\n", "-name y",
	  "when-pci = 10de:* is false (the VM has none)" },
	{ "an option has no values to show", "[a]\nwhen-option = -device\nadd = -S\n", "-name y",
	  "when-option = -device is false" },
	{ "a condition that cannot be told", "[a]\nwhen-user = x\nadd = -S\n", "-name y",
	  "when-user = x is unknown, so the rule does not apply" },
	{ "a rule that is off", "[a]\nenabled = no\nwhen = always\nadd = -S\n", "-name y",
	  "enabled = no" },
	{ "a rule after one that said last",
	  "[a]\nlast = yes\nwhen = always\nadd = -S\n[b]\nwhen = always\nadd = -S\n", "-name y",
	  "an earlier rule with last = yes applied" },
	{ "a rule that applied needs no sentence", "[a]\nwhen = always\nadd = -S\n", "-name y", NULL },
	{ "control bytes of a name", "[a]\nwhen-name = x\nadd = -S\n", "-name \033", "(value: \\x1b)" },
};

static void says_why(void **state)
{
	const struct row *row = *state;
	struct trace t;
	struct facts f;
	const char *vm;

	run(row->rules, row->line, &t, &f, &vm);
	if (row->want)
		assert_says(outcome_text(&arena, &t.outcomes[t.n_outcomes - 1], &f), row->want);
	else
		assert_null(outcome_text(&arena, &t.outcomes[t.n_outcomes - 1], &f));
}

int main(void)
{
	UNIT_ROWS(rows, tells);
	UNIT_ROWS(outcomes, says_why);
	return unit_run("trace");
}
