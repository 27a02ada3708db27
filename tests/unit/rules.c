/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/rules.h"

#include "file.h"
#include "mistake.h"
#include "str.h"
#include "unit.h"

static const char *mistakes_text(const struct mistakes *m)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < m->n; i++)
		strbuf_addf(&b, "%s\n", mistake_text(&arena, &m->v[i]));
	return strbuf_text(&b);
}

static void add_rule(struct strbuf *b, const struct rule *r)
{
	static const char *const incoming[] = { "", " skip", "refuse" };

	strbuf_addf(b, "%u [%s]%s%s%s%s", r->line, r->section, r->enabled ? "" : " off",
		    r->last ? " last" : "", r->always ? " always" : "", incoming[r->on_incoming]);
	if (r->description)
		strbuf_addf(b, " (%s)", r->description);
	strbuf_addc(b, '\n');
	for (size_t i = 0; i < r->n_conditions; i++)
		strbuf_addf(b, "%u %s\n", r->conditions[i].line,
			    condition_text(&arena, &r->conditions[i]));
	for (size_t i = 0; i < r->n_actions; i++)
		strbuf_addf(b, "%u %s %s | %s\n", r->actions[i].line,
			    verb_names[r->actions[i].verb],
			    verb_is_high(r->actions[i].verb) ? r->actions[i].text :
							       r->actions[i].target.option,
			    verb_is_high(r->actions[i].verb) ? "" : r->actions[i].rest);
}

static const char *read_rules(const char *text, struct rule_set *set, struct mistakes *m)
{
	struct file file = { .path = "f", .text = text, .len = strlen(text) };
	struct strbuf b = { .arena = &arena };

	rules_read(&arena, &file, set, m);
	for (size_t i = 0; i < set->n; i++)
		add_rule(&b, &set->v[i]);
	return strbuf_text(&b);
}

static const struct good {
	const char *name, *text, *want;
} good[] = {
	{ "no text, no rules", "# nothing\n", "" },
	{ "a rule for everybody", "[a]\nwhen = always\nset = -cpu kvm=off\n",
	  "1 [a] always\n3 set cpu | kvm=off\n" },
	{ "all five verbs, in their order",
	  "[a]\nwhen = always\nremove = -S\nadd = -S\nset = -m 1G\nunset = -m slots\n"
	  "default = -m slots=2\n",
	  "1 [a] always\n3 remove S | \n4 add S | \n5 set m | 1G\n6 unset m | slots\n"
	  "7 default m | slots=2\n" },
	{ "the same verb again and again",
	  "[a]\nwhen = always\nset = -cpu a=1\nset = -cpu b=2\nset = -cpu a=1\n",
	  "1 [a] always\n3 set cpu | a=1\n4 set cpu | b=2\n5 set cpu | a=1\n" },
	{ "everything else a rule may say",
	  "[a]\ndescription = all of it\nenabled = no\nlast = yes\non-incoming = skip\n"
	  "when-name = x\nset = -S a\n",
	  "1 [a] off last skip (all of it)\n6 when-name = x\n7 set S | a\n" },
	{ "bools in all their spellings", "[a]\nenabled = on\nlast = true\nwhen = always\nset = -S\n",
	  "1 [a] last always\n5 set S | \n" },
	{ "all conditions",
	  "[a]\nwhen-name = n\nwhen-uuid = u*\nwhen-host = h\nwhen-machine = m\nwhen-arch = a\n"
	  "when-accel = kvm\nwhen-cpu = c\nwhen-pci = 10de:*\nwhen-flavor = f\nwhen-project = p\n"
	  "when-user = u\nwhen-instance = i\nwhen-option = -cpu\nset = -S\n",
	  "1 [a]\n2 when-name = n\n3 when-uuid = u*\n4 when-host = h\n5 when-machine = m\n"
	  "6 when-arch = a\n7 when-accel = kvm\n8 when-cpu = c\n9 when-pci = 10de:*\n"
	  "10 when-flavor = f\n11 when-project = p\n12 when-user = u\n13 when-instance = i\n"
	  "14 when-option = -cpu\n15 set S | \n" },
	{ "a condition in two lines is one condition",
	  "[a]\nwhen-name = x\nwhen-host = h\nwhen-name = y, !z\nset = -S\n",
	  "1 [a]\n2 when-name = x, y, !z\n3 when-host = h\n5 set S | \n" },
	{ "rules keep their order", "[b]\nwhen = always\nset = -S\n[a]\nwhen = always\nset = -S\n",
	  "1 [b] always\n3 set S | \n4 [a] always\n6 set S | \n" },
	{ "conditions may stand below the verbs", "[a]\nset = -S\nwhen-name = x\n",
	  "1 [a]\n3 when-name = x\n2 set S | \n" },
	{ "a host device by all that the hook can tell",
	  "[a]\nwhen-name = n\nwhen-uuid = u*\nwhen-host = h\nwhen-flavor = f\nwhen-project = p\n"
	  "when-user = u\nwhen-instance = i\npass-pci = 05:00.0\n",
	  "1 [a]\n2 when-name = n\n3 when-uuid = u*\n4 when-host = h\n5 when-flavor = f\n"
	  "6 when-project = p\n7 when-user = u\n8 when-instance = i\n9 pass-pci 05:00.0 | \n" },
	{ "the rest of a verb is verbatim", "[a]\nwhen = always\nset = -device[id=a,b=c] x=a,,b  c\n",
	  "1 [a] always\n3 set device | x=a,,b  c\n" },
};

static void reads(void **state)
{
	const struct good *row = *state;
	struct mistakes m = { .arena = &arena };
	struct rule_set set = { 0 };

	assert_text(read_rules(row->text, &set, &m), row->want);
	assert_text(mistakes_text(&m), "");
}

static const struct bad {
	const char *name, *text, *says;
} bad[] = {
	{ "a key before any section", "when = always\n[a]\nwhen = always\nset = -S\n",
	  "f:1: error: 'when' is before the first section; begin each rule with [its name]\n" },
	{ "an unknown key, with the nearest", "[a]\nwhen-nmae = x\nset = -S\n",
	  "f:2: error: unknown key or verb 'when-nmae' (did you mean 'when-name'?)\n" },
	{ "an unknown verb, with the nearest", "[a]\nwhen = always\nsett = -S\n",
	  "f:3: error: unknown key or verb 'sett' (did you mean 'set'?)\n" },
	{ "a key that nothing is near to", "[a]\nwhen = always\nhypervisor = off\nset = -S\n",
	  "f:3: error: unknown key or verb 'hypervisor'\n" },
	{ "keys have a case", "[a]\nWhen = always\nset = -S\n", "f:2: error: unknown key or verb 'When'" },
	{ "a rule without a verb", "[a]\nwhen = always\n", "f:1: error: rule [a] does nothing, because it has no verb" },
	{ "a rule without a condition", "\n[a]\nset = -S\n",
	  "f:2: error: rule [a] has no condition; for every VM write 'when = always'\n" },
	{ "an empty section lacks both", "[a]\n", "f:1: error: rule [a] does nothing" },
	{ "always and a condition", "[a]\nwhen = always\nwhen-name = x\nset = -S\n",
	  "f:3: error: rule [a] has 'when = always' and a condition" },
	{ "when can only be always", "[a]\nwhen = sometimes\nset = -S\n",
	  "f:2: error: when = sometimes: must be always\n" },
	{ "enabled is yes or no", "[a]\nenabled = maybe\nwhen = always\nset = -S\n",
	  "f:2: error: enabled = maybe: must be yes or no\n" },
	{ "last is yes or no", "[a]\nlast =\nwhen = always\nset = -S\n",
	  "f:2: error: last = : must be yes or no\n" },
	{ "on-incoming has three words", "[a]\non-incoming = pass\nwhen = always\nset = -S\n",
	  "f:2: error: on-incoming = pass: must be apply, skip or refuse\n" },
	{ "a description given twice", "[a]\ndescription = x\ndescription = y\nwhen = always\nset = -S\n",
	  "f:3: error: 'description' is given twice: first at line 2\n" },
	{ "last given twice", "[a]\nlast = yes\nwhen = always\nset = -S\nlast = yes\n",
	  "f:5: error: 'last' is given twice: first at line 2\n" },
	{ "a section given twice", "[a]\nwhen = always\nset = -S\n[b]\nwhen = always\nset = -S\n"
				   "[a]\nwhen = always\nset = -S\n",
	  "f:7: error: section [a] is given twice: first at line 1\n" },
	{ "an empty condition", "[a]\nwhen-name =\nset = -S\n", "f:2: error: when-name: the value is empty\n" },
	{ "a verb without an option", "[a]\nwhen = always\nset =\n",
	  "f:3: error: set: must begin with -OPTION, not with ''\n" },
	{ "a verb with a quoted nothing", "[a]\nwhen = always\nset = \"\"\n",
	  "f:3: error: set: must begin with -OPTION, not with ''\n" },
	{ "a verb whose option has no dash", "[a]\nwhen = always\nset = cpu kvm=off\n",
	  "f:3: error: set: must begin with -OPTION, not with 'cpu kvm=off'\n" },
	{ "a selector that does not end", "[a]\nwhen = always\nset = -device[id=a x=y\n",
	  "f:3: error: set: the selector of -device has no ']'" },
	{ "a host device by what only the wrapper can tell",
	  "[a]\nwhen-name = x\nwhen-machine = q35\npass-pci = 05:00.0\n",
	  "f:3: error: when-machine together with pass-pci: the hook, which assigns the device, "
	  "cannot test this condition; use name, uuid, host, flavor, project, user or instance\n" },
	{ "a mediated device by an option", "[a]\npass-mdev = %u\nwhen-option = -S\n",
	  "f:3: error: when-option together with pass-mdev: the hook, which" },
	{ "nor of one whose units it stops", "[a]\nwhen-machine = q35\nstop-units = a\n",
	  "f:2: error: when-machine together with stop-units: the hook, which stops and starts the "
	  "units, cannot test this condition; use name, uuid" },
	{ "a rule that is switched off too", "[a]\nenabled = no\nwhen-cpu = x\npass-pci = 05:00.0\n",
	  "f:3: error: when-cpu together with pass-pci" },
	{ "a when-option without an option", "[a]\nwhen-option = \nset = -S\n",
	  "f:2: error: when-option: must begin with -OPTION" },
};

/* The first mistake says it; what is left of the rule is not complained about. */
static void refuses(void **state)
{
	const struct bad *row = *state;
	struct mistakes m = { .arena = &arena };
	struct rule_set set = { 0 };

	read_rules(row->text, &set, &m);
	assert_true(m.errors > 0);
	assert_true(str_starts(mistakes_text(&m), row->says));
}

static void every_mistake(void **state)
{
	struct mistakes m = { .arena = &arena };
	struct rule_set set = { 0 };

	(void)state;
	read_rules("x = 1\n[a]\nsett = -S\nwhen-nam = y\n[b]\n[c]\nwhen = always\nset = S\n", &set,
		   &m);
	assert_int_equal(m.n, 6);
	assert_int_equal(m.v[0].line, 1);
	assert_int_equal(m.v[1].line, 3);
	assert_int_equal(m.v[2].line, 4);
	assert_int_equal(m.v[3].line, 5);
	assert_int_equal(m.v[4].line, 5);
	assert_int_equal(m.v[5].line, 8);
}

/* A section may stand once in a file, and again in the next. */
static void several_files(void **state)
{
	struct mistakes m = { .arena = &arena };
	struct rule_set set = { 0 };

	(void)state;
	read_rules("[a]\nwhen = always\nset = -S\n", &set, &m);
	read_rules("[a]\nwhen = always\nset = -M x\n", &set, &m);
	assert_int_equal(m.n, 0);
	assert_int_equal(set.n, 2);
	assert_text(set.v[1].actions[0].target.option, "M");
}

static void asks_for_what_it_needs(void **state)
{
	struct mistakes m = { .arena = &arena };
	struct rule_set set = { 0 };

	(void)state;
	assert_int_equal(rules_facts_needed(&set), 0);
	read_rules("[a]\nwhen-name = x\nwhen-pci = y\nset = -S\n"
		   "[b]\nenabled = no\nwhen-flavor = z\nset = -S\n"
		   "[c]\nwhen = always\nset = -S\n",
		   &set, &m);
	assert_int_equal(rules_facts_needed(&set), 1u << FACT_NAME | 1u << FACT_PCI);
}

static void all_conditions_must_hold(void **state)
{
	struct mistakes m = { .arena = &arena };
	const struct condition *why = NULL;
	struct rule_set set = { 0 };
	struct facts f = { 0 };

	(void)state;
	read_rules("[a]\nwhen-name = x\nwhen-host = h\nwhen-flavor = f\nset = -S\n"
		   "[b]\nwhen = always\nset = -S\n",
		   &set, &m);
	fact_add(&arena, &f, FACT_NAME, "x");
	fact_add(&arena, &f, FACT_HOST, "h");
	assert_int_equal(rule_matches(&set.v[0], &f, &why), COND_UNKNOWN);
	assert_int_equal(why->fact, FACT_FLAVOR);
	fact_add(&arena, &f, FACT_FLAVOR, "g");
	assert_int_equal(rule_matches(&set.v[0], &f, &why), COND_FAILS);
	fact_add(&arena, &f, FACT_FLAVOR, "f");
	assert_int_equal(rule_matches(&set.v[0], &f, NULL), COND_HOLDS);
	assert_int_equal(rule_matches(&set.v[1], &f, NULL), COND_HOLDS);
}

int main(void)
{
	UNIT_ROWS(good, reads);
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("every mistake of a file is told", every_mistake);
	UNIT_TEST("each file has sections of its own", several_files);
	UNIT_TEST("only what enabled rules ask for is needed", asks_for_what_it_needs);
	UNIT_TEST("all conditions of a rule must hold", all_conditions_must_hold);
	return unit_run("rules");
}
