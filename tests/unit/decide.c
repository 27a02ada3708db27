/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole judgement: kvmshim.conf, rule files, probes, refusals. */
#include "wrapper/decide.h"

#include "line.h"
#include "tree.h"

#define CONF "etc/kvmshim/kvmshim.conf"
#define RULE "etc/kvmshim/rules.d/50-a.ini"

static const char *const kinds[] = {
	[DECIDE_OFF] = "off",	    [DECIDE_PROBE] = "probe", [DECIDE_REWRITE] = "rewrite",
	[DECIDE_REFUSE] = "refuse", [DECIDE_PASS] = "pass",
};

static const char *outcome(const char *line, struct decision *d)
{
	struct host host = tree_host();
	char **argv = line_argv(line);

	decide(&host, "/usr/bin/qemu-system-x86_64", argv, d);
	return arena_printf(&arena, "%s: %s", kinds[d->kind], line_join(decide_argv(d, argv) + 1));
}

static const struct row {
	const char *name, *conf, *rule, *line, *want;
} rows[] = {
	{ "no files at all", NULL, NULL, "-S -cpu host", "rewrite: -S -cpu host" },
	{ "a rule", NULL, "[a]\nwhen = always\nset = -cpu kvm=off\n", "-cpu host",
	  "rewrite: -cpu host,kvm=off" },
	{ "the kill switch", "[wrapper]\nenabled = no\n", "[a]\nwhen = always\nset = -cpu kvm=off\n",
	  "-cpu host", "off: -cpu host" },
	{ "the kill switch over broken rules", "[wrapper]\nenabled = no\n", "broken\n", "-cpu host",
	  "off: -cpu host" },
	{ "a probe", NULL, "[a]\nwhen = always\nset = -cpu kvm=off\n", "-machine none -cpu host",
	  "probe: -machine none -cpu host" },
	{ "a probe over broken rules", NULL, "broken\n", "-cpu help", "probe: -cpu help" },
	{ "a probe over a broken kvmshim.conf", "broken\n", NULL, "-cpu help", "probe: -cpu help" },
	{ "broken rules refuse a start", NULL, "broken\n", "-cpu host", "refuse: -cpu host" },
	{ "a broken kvmshim.conf refuses a start", "[wrapper]\nreal = x\n", NULL, "-cpu host",
	  "refuse: -cpu host" },
	{ "on-error = pass starts what came in", "[wrapper]\non-error = pass\n", "broken\n", "-cpu host",
	  "pass: -cpu host" },
	{ "on-error counts though another key is wrong",
	  "[wrapper]\non-error = pass\nenable = no\n", NULL, "-cpu host", "pass: -cpu host" },
	{ "on-error covers what is found at start", "[wrapper]\non-error = pass\n",
	  "[a]\nwhen = always\nset = -cpu kvm=off\nadd = -device y,id=a\n",
	  "-cpu host -device x,id=a", "pass: -cpu host -device x,id=a" },
	{ "but not a guest that a rule does not let in", "[wrapper]\non-error = pass\n",
	  "[a]\nwhen = always\nset = -cpu kvm=off\non-incoming = refuse\n",
	  "-cpu host -incoming defer", "refuse: -cpu host -incoming defer" },
	{ "when one rule is wrong none applies", "[wrapper]\non-error = pass\n",
	  "[a]\nwhen = always\nset = -cpu kvm=off\n[b]\nwhen = always\nset = -nosuch a=b\n",
	  "-cpu host", "pass: -cpu host" },
	{ "an extra option's word is not a start", "[wrapper]\nextra-options = id:arg\n",
	  "[a]\nwhen = always\nset = -cpu kvm=off\n", "-id -cpu -cpu host",
	  "rewrite: -id -cpu -cpu host,kvm=off" },
	{ "an extra option can be in a rule", "[wrapper]\nextra-options = id:arg\n",
	  "[a]\nwhen = always\nremove = -id\n", "-id 100 -S", "rewrite: -S" },
	{ "an unknown option in a when-option is a mistake", NULL,
	  "[a]\nwhen-option = -id\nadd = -S\n", "-id 100", "refuse: -id 100" },
	{ "a rule that is off is checked all the same", NULL,
	  "[a]\nenabled = no\nwhen = always\nset = -nosuch a=b\n", "-S", "refuse: -S" },
};

static void decides(void **state)
{
	const struct row *row = *state;
	struct decision d;

	if (row->conf)
		tree_file(CONF, row->conf);
	if (row->rule)
		tree_file(RULE, row->rule);
	assert_text(outcome(row->line, &d), row->want);
	if (d.kind == DECIDE_REWRITE)
		assert_int_equal(d.mistakes.errors, 0);
}

static void finds_the_real_one(void **state)
{
	struct host host = tree_host();
	char **argv = line_argv("-S");
	struct decision d;

	(void)state;
	decide(&host, "/usr/bin/kvm", argv, &d);
	assert_text(d.real, "/usr/bin/kvm.real");
	decide(&host, NULL, argv, &d);
	assert_null(d.real);
	tree_file(CONF, "[wrapper]\nreal = /opt/qemu\n");
	decide(&host, "/usr/bin/kvm", argv, &d);
	assert_text(d.real, "/opt/qemu");
	decide(&host, NULL, argv, &d);
	assert_text(d.real, "/opt/qemu");
}

static void every_mistake_of_every_file(void **state)
{
	struct decision d;

	(void)state;
	tree_file(CONF, "[wrapper]\nenable = no\n");
	tree_file(RULE, "[a]\nwhen = always\nset = -devise a=b\nset = -S x\n");
	tree_file("usr/lib/kvmshim/rules.d/60-b.ini", "[b]\n");
	assert_text(outcome("-S", &d), "refuse: -S");
	assert_int_equal(d.mistakes.errors, 5);
	assert_says(d.mistakes.v[0].text, "unknown key 'enable'");
}

/* Where the file says nothing to a broken fact, the VM's rules cannot be told. */
static void broken_facts(void **state)
{
	static const char uuid[] = "4c4c4544-0031-3310-8047-b3c04f4a3532";
	struct decision d;

	(void)state;
	tree_file(RULE, "[a]\nwhen-flavor = x\nadd = -S\n");
	tree_file(arena_printf(&arena, "run/kvmshim/vm/%s/facts.json", uuid), "{}");
	assert_text(outcome("-uuid 4c4c4544-0031-3310-8047-b3c04f4a3532", &d),
		    "refuse: -uuid 4c4c4544-0031-3310-8047-b3c04f4a3532");
	assert_text(tree_hide(mistake_text(&arena, &d.mistakes.v[0])),
		    "/run/kvmshim/vm/4c4c4544-0031-3310-8047-b3c04f4a3532/facts.json: error: "
		    "'version' must be 1");
}

int main(void)
{
	TREE_ROWS(rows, decides);
	TREE_TEST("the real emulator is NAME.real, or what kvmshim.conf says", finds_the_real_one);
	TREE_TEST("every mistake of every file is told", every_mistake_of_every_file);
	TREE_TEST("a facts.json that is not to be believed refuses the start", broken_facts);
	return unit_run("decide");
}
