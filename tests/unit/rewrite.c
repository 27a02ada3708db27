/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules in their order on one command line. */
#include "wrapper/rewrite.h"

#include "root.h"
#include "ruletext.h"
#include "wrapper/match.h"

struct result {
	struct cmdline c;
	struct rule_set set;
	struct facts facts;
	struct trace trace;
	struct mistakes m;
};

static void run(const char *rules, const char *line, struct result *r)
{
	static const struct host host = { &arena, { .prefix = "/nonexistent" } };
	struct names names;
	struct err err;

	*r = (struct result){ .trace.arena = &arena, .m.arena = &arena };
	line_parse(line, &r->c);
	ruled_read(rules, &r->set);
	match_names(&arena, &r->c, &names);
	names.host = "node7";
	assert_int_equal(match_facts(&host, &r->c, "/usr/bin/qemu-system-x86_64",
				     rules_facts_needed(&r->set), &r->facts, &err),
			 0);
	rewrite(&r->c, &r->set, &r->facts, &names, &r->trace, &r->m);
}

/* A letter for each rule: applied, fails, unknown, disabled, later, incoming. */
static const char *outcomes_text(const struct trace *t)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < t->n_outcomes; i++)
		strbuf_addc(&b, "afudli"[t->outcomes[i].kind]);
	return strbuf_text(&b);
}

static const struct row {
	const char *name, *rules, *line, *want, *outcomes;
} rows[] = {
	{ "no rules, no change", "", "-S -foo x", "-S -foo x", "" },
	{ "a rule for everybody", "[a]\nwhen = always\nset = -cpu kvm=off\n", "-cpu host",
	  "-cpu host,kvm=off", "a" },
	{ "a rule for others", "[a]\nwhen-name = x\nset = -cpu kvm=off\n", "-name y -cpu host",
	  "-name y -cpu host", "f" },
	{ "a rule for this VM", "[a]\nwhen-name = x*\nwhen-cpu = host\nset = -cpu kvm=off\n",
	  "-name guest=xy,debug-threads=on -cpu host",
	  "-name guest=xy,debug-threads=on -cpu host,kvm=off", "a" },
	{ "a rule that asks for what is not known", "[a]\nwhen-name = *\nset = -cpu kvm=off\n",
	  "-cpu host", "-cpu host", "u" },
	{ "a rule that is switched off", "[a]\nenabled = no\nwhen = always\nset = -cpu kvm=off\n",
	  "-cpu host", "-cpu host", "d" },
	{ "a later set of the same property wins",
	  "[a]\nwhen = always\nset = -cpu kvm=off\n[b]\nwhen = always\nset = -cpu kvm=on\n",
	  "-cpu host", "-cpu host,kvm=on", "aa" },
	{ "a later default does not", "[a]\nwhen = always\nset = -cpu kvm=off\n"
				      "[b]\nwhen = always\ndefault = -cpu kvm=on\n",
	  "-cpu host", "-cpu host,kvm=off", "aa" },
	{ "selectors see the line as earlier rules left it",
	  "[a]\nwhen = always\nadd = -device x,id=new\n[b]\nwhen = always\n"
	  "set = -device[id=new] a=b\n",
	  "-S", "-S -device x,id=new,a=b", "aa" },
	{ "conditions see the line as it came in",
	  "[a]\nwhen = always\nremove = -S\nset = -machine type=q35\n"
	  "[b]\nwhen-option = -S\nwhen-machine = pc\nadd = -nodefaults\n",
	  "-S -machine pc", "-machine q35 -nodefaults", "aa" },
	{ "what a rule added holds no condition",
	  "[a]\nwhen = always\nadd = -device x\n[b]\nwhen-option = -device\nadd = -nodefaults\n", "-S",
	  "-S -device x", "af" },
	{ "after one with last = yes none is looked at",
	  "[a]\nlast = yes\nwhen = always\nadd = -S\n[b]\nwhen = always\nadd = -nodefaults\n"
	  "[c]\nenabled = no\nwhen = always\nadd = -snapshot\n",
	  "-name x", "-name x -S", "all" },
	{ "unless it did not apply",
	  "[a]\nlast = yes\nwhen-name = y\nadd = -S\n[b]\nwhen = always\nadd = -nodefaults\n",
	  "-name x", "-name x -nodefaults", "fa" },
	{ "a rule that comes to nothing applied all the same",
	  "[a]\nlast = yes\nwhen = always\nset = -device a=b\n[b]\nwhen = always\nadd = -S\n",
	  "-name x", "-name x", "al" },
	{ "verbs in their order", "[a]\nwhen = always\nadd = -device x\nset = -device a=b\n"
				  "unset = -device a\nset = -device c=d\n",
	  "-S", "-S -device x,c=d", "a" },

	{ "a guest that comes in gets its rules too", "[a]\nwhen = always\nset = -cpu kvm=off\n",
	  "-cpu host -incoming defer", "-cpu host,kvm=off -incoming defer", "a" },
	{ "unless they say skip", "[a]\non-incoming = skip\nwhen = always\nset = -cpu kvm=off\n",
	  "-cpu host -incoming defer", "-cpu host -incoming defer", "i" },
	{ "a snapshot comes in as well", "[a]\non-incoming = skip\nwhen = always\nset = -cpu kvm=off\n",
	  "-cpu host -loadvm x", "-cpu host -loadvm x", "i" },
	{ "skip means nothing to a fresh start",
	  "[a]\non-incoming = skip\nwhen = always\nset = -cpu kvm=off\n", "-cpu host",
	  "-cpu host,kvm=off", "a" },
	{ "nor to what the guest cannot see",
	  "[a]\non-incoming = skip\nwhen = always\nset = -name process=x\n",
	  "-name a -incoming defer", "-name a,process=x -incoming defer", "a" },
	{ "one verb that it can see is enough",
	  "[a]\non-incoming = skip\nwhen = always\nset = -name process=x\nset = -M usb=on\n",
	  "-name a -incoming defer", "-name a -incoming defer", "i" },
	{ "refuse lets a fresh start through",
	  "[a]\non-incoming = refuse\nwhen = always\nset = -cpu kvm=off\n", "-cpu host",
	  "-cpu host,kvm=off", "a" },
	{ "refuse of a rule for others refuses nothing",
	  "[a]\non-incoming = refuse\nwhen-name = x\nset = -cpu kvm=off\n",
	  "-name y -cpu host -incoming defer", "-name y -cpu host -incoming defer", "f" },
};

static void rewrites(void **state)
{
	const struct row *row = *state;
	struct result r;

	run(row->rules, row->line, &r);
	assert_int_equal(r.m.n, 0);
	assert_text(line_text(&r.c), row->want);
	assert_text(outcomes_text(&r.trace), row->outcomes);
}

/* Every argument that no rule changed is the very word it was. */
static void untouched_words_are_the_same(void **state)
{
	struct result r;
	char **argv = line_argv("-name x -device a -device b,c=d -S img -foo y");
	static const struct qemuopts opts;

	(void)state;
	run("[a]\nwhen = always\nset = -device[driver=a] b=c\n", "", &r);
	cmdline_parse(&arena, &opts, argv, &r.c);
	rewrite(&r.c, &r.set, &r.facts, &ruled_names, &r.trace, &r.m);
	for (size_t i = 0; i < r.c.n; i++) {
		if (i == 1)
			continue;
		assert_false(r.c.args[i].changed);
		assert_ptr_equal(r.c.args[i].value, r.c.args[i].before);
	}
	assert_true(r.c.args[1].changed);
}

static const struct bad {
	const char *name, *rules, *line, *says;
} bad[] = {
	{ "a guest that must not come in",
	  "[a]\non-incoming = refuse\nwhen = always\nset = -cpu kvm=off\n", "-cpu host -incoming defer",
	  "/etc/kvmshim/rules.d/f.ini:1: error: rule [a] changes what the guest sees and has on-incoming = "
	  "refuse" },
	{ "a value that its syntax cannot carry", "[a]\nwhen = always\nset = -cpu hv-vendor-id=%n\n",
	  "-name a,,b -cpu host",
	  "/etc/kvmshim/rules.d/f.ini:3: error: set: -cpu does not allow a comma in a value ('a,b')" },
	{ "an id that is taken", "[a]\nwhen = always\n\nadd = -device y,id=d\n", "-device x,id=d",
	  "/etc/kvmshim/rules.d/f.ini:4: error: add: id 'd' is already on the command line" },
	{ "an id that an earlier rule took",
	  "[a]\nwhen = always\nadd = -device y,id=d\n[b]\nwhen = always\nadd = -device z,id=d\n", "-S",
	  "/etc/kvmshim/rules.d/f.ini:6: error: add: id 'd' is already on the command line" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct result r;

	run(row->rules, row->line, &r);
	assert_int_equal(r.m.errors, 1);
	assert_says(mistake_text(&arena, &r.m.v[0]), row->says);
}

static void all_that_cannot_be_done_is_told(void **state)
{
	struct result r;

	(void)state;
	run("[a]\nwhen = always\nadd = -device %n\nset = -device a=%u\n[b]\nwhen = always\n"
	    "add = -device x,id=%n\n",
	    "-device y", &r);
	assert_int_equal(r.m.errors, 3);
	assert_int_equal(r.m.v[2].line, 7);
}

int main(void)
{
	UNIT_ROWS(rows, rewrites);
	UNIT_TEST("every word that no rule changed is the very same", untouched_words_are_the_same);
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("all that cannot be done is told", all_that_cannot_be_done_is_told);
	return unit_run("rewrite");
}
