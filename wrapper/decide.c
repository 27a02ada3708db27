/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/decide.h"

#include <errno.h>

#include "arena.h"
#include "conf/confdir.h"
#include "conf/factsfile.h"
#include "err.h"
#include "host/vfiocdev.h"
#include "file.h"
#include "root.h"
#include "str.h"
#include "wrapper/match.h"
#include "wrapper/probe.h"
#include "wrapper/rewrite.h"
#include "wrapper/verb/check.h"
#include "wrapper/verb/high.h"

static void check_options(struct arena *a, const struct qemuopts *opts, const struct rule *rule,
			  struct mistakes *m)
{
	struct err err;

	for (size_t i = 0; i < rule->n_conditions; i++) {
		const struct condition *c = &rule->conditions[i];

		for (size_t j = 0; c->fact == FACT_OPTION && j < c->n; j++)
			if (!qemuopt_find(opts, c->patterns[j].target.option))
				mistake_add(m, rule->file, c->patterns[j].line,
					    "when-option: QEMU has no option -%s%s",
					    c->patterns[j].target.option,
					    qemuopt_hint(a, c->patterns[j].target.option));
	}
	high_check_rule(rule, m);
	edit_check_rule(rule, m);
	for (size_t i = 0; i < rule->n_actions; i++)
		if (edit_check(a, opts, &rule->actions[i], &err) < 0)
			mistake_add(m, rule->file, rule->actions[i].line, "%s: %s",
				    verb_names[rule->actions[i].verb], err.text);
}

void decide_check_rules(struct arena *a, struct decision *d)
{
	struct qemuopts opts = qemuopts_with(a, &d->settings);
	struct arena scratch = { 0 };

	for (size_t i = 0; i < d->rules.n; i++) {
		check_options(&scratch, &opts, &d->rules.v[i], &d->mistakes);
		arena_free(&scratch);
	}
}

static void read_file(void *user, const struct file *file)
{
	struct decision *d = user;

	rules_read(d->mistakes.arena, file, &d->rules, &d->mistakes);
}

void decide_read_rules(const struct host *host, struct decision *d)
{
	confdir_read(host, read_file, d, &d->mistakes);
	decide_check_rules(host->arena, d);
}

static const char *find_real(struct arena *a, const struct settings *s, const char *self)
{
	if (s->real)
		return s->real;
	return self ? arena_printf(a, "%s.real", self) : NULL;
}

/* hook: what it would write takes the place of what it may have written at an earlier start. */
static int find_facts(const struct host *host, const struct facts *hook, struct decision *d,
		      struct err *err)
{
	static const enum fact written[] = { FACT_FLAVOR, FACT_PROJECT, FACT_USER, FACT_INSTANCE };
	int rc = match_facts(host, &d->cmdline, d->real, rules_facts_needed(&d->rules), &d->facts,
			     err);

	if (!hook)
		return rc;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
		d->facts.of[written[i]] = hook->of[written[i]];
	d->facts.grants = hook->grants;
	d->facts.hostdevs = hook->hostdevs;
	if (rules_facts_needed(&d->rules) & 1u << FACT_PCI)
		match_pci(host, &d->cmdline, &d->facts);
	return 0;
}

/* With mistakes none of the rules apply, whichever file they are in. false: see rewrite(). */
static bool apply_rules(const struct host *host, const struct facts *hook, struct decision *d)
{
	struct err err;
	bool let_in;

	decide_read_rules(host, d);
	if (d->mistakes.errors)
		return true;
	if (find_facts(host, hook, d, &err) < 0) {
		mistake_add(&d->mistakes, factsfile_path(host, d->names.uuid), 0, "%s", err.text);
		return true;
	}
	d->names.root = &host->root;
	d->names.grants = &d->facts.grants;
	let_in = rewrite(&d->cmdline, &d->rules, &d->facts, &d->names, &d->trace, &d->mistakes);
	if (!d->mistakes.errors && grants_all_used(&d->facts.grants, &err) < 0)
		mistake_add(&d->mistakes, factsfile_path(host, d->names.uuid), 0, "%s", err.text);
	return let_in;
}

/* files: what the descriptors of argv mean; see struct cmdline. */
static void judge(const struct host *host, const char *self, char *const *argv, const char *files,
		  const struct facts *hook, struct decision *d)
{
	struct qemuopts opts;
	bool let_in;

	*d = (struct decision){ .mistakes.arena = host->arena,
				.trace.arena = host->arena,
				.kind = DECIDE_REWRITE };
	settings_read(host, &d->settings, &d->mistakes);
	d->real = find_real(host->arena, &d->settings, self);
	opts = qemuopts_with(host->arena, &d->settings);
	cmdline_parse(host->arena, &opts, argv, &d->cmdline);
	d->cmdline.files = files;
	d->cmdline.emulator = d->real;
	if (!d->settings.enabled)
		d->kind = DECIDE_OFF;
	else if (probe_is(&d->cmdline))
		d->kind = DECIDE_PROBE;
	if (d->kind != DECIDE_REWRITE)
		return;
	match_names(host->arena, &d->cmdline, &d->names);
	let_in = apply_rules(host, hook, d);
	if (d->mistakes.errors)
		d->kind = d->settings.pass_on_error && let_in ? DECIDE_PASS : DECIDE_REFUSE;
}

void decide(const struct host *host, const char *self, char *const *argv, struct decision *d)
{
	judge(host, self, argv, VFIOCDEV_OURS, NULL, d);
}

void decide_ahead(const struct host *host, const char *self, char *const *argv,
		  const struct facts *hook, struct decision *d)
{
	judge(host, self, argv, NULL, hook, d);
}

const char **decide_argv(const struct decision *d, char *const *argv)
{
	if (d->kind == DECIDE_REWRITE)
		return cmdline_argv(&d->cmdline, NULL);
	return (const char **)(void *)argv;
}
