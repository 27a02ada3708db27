/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a rule file, and of a kvmshim.conf. Every mistake has a line of
 * the file, whatever the bytes; rules without a mistake can be applied to a
 * command line, and leave the options alone that none of them names.
 */
#include "conf/rules.h"
#include "conf/settings.h"
#include "err.h"
#include "file.h"
#include "fuzz.h"
#include "mistake.h"
#include "root.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/verb/check.h"
#include "conf/expand.h"
#include "wrapper/match.h"
#include "wrapper/rewrite.h"
#include "wrapper/trace.h"

static size_t count_lines(const struct file *file)
{
	size_t n = 1;

	for (size_t i = 0; i < file->len; i++)
		n += file->text[i] == '\n';
	return n;
}

static void check_mistakes(struct arena *a, const struct mistakes *m, const struct file *file)
{
	size_t lines = count_lines(file);

	for (size_t i = 0; i < m->n; i++) {
		must(m->v[i].line > 0 && m->v[i].line <= lines, "line %u of %zu: %s", m->v[i].line,
		     lines, m->v[i].text);
		must(!strpbrk(mistake_text(a, &m->v[i]), "\n\033"), "a control byte in a message");
	}
}

static void check_rule(const struct rule *r)
{
	must(strlen(r->section) >= 1 && strlen(r->section) <= 49, "a section name of %zu",
	     strlen(r->section));
	must(r->n_actions > 0, "[%s] has no verb", r->section);
	must(r->always == (r->n_conditions == 0), "[%s]: always and a condition", r->section);
	for (size_t i = 0; i < r->n_conditions; i++)
		must(r->conditions[i].n > 0, "[%s]: a condition without a value", r->section);
}

/* Are all verbs right for QEMU's options? */
static bool check_actions(struct arena *a, const struct qemuopts *opts, const struct rule_set *set)
{
	bool good = true;
	struct err err;

	for (size_t i = 0; i < set->n; i++) {
		const struct rule *r = &set->v[i];

		check_rule(r);
		for (size_t j = 0; j < r->n_actions; j++)
			good &= edit_check(a, opts, &r->actions[j], &err) == 0;
	}
	return good;
}

static void apply(struct arena *a, const struct qemuopts *opts, const struct rule_set *set)
{
	static const char *const words[] = {
		"qemu", "-name", "guest=vm1,debug-threads=on", "-uuid",
		"4c4c4544-0031-3310-8047-b3c04f4a3532", "-machine", "pc-q35-7.2,accel=kvm,usb=off",
		"-cpu", "host,+invtsc,kvm=off", "-m", "size=1G", "-smp", "2,sockets=2", "-enable-kvm",
		"-object", "{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram\",\"size\":1073741824}",
		"-netdev", "tap,fd=3,id=net0", "-device",
		"{\"driver\":\"virtio-net-pci\",\"netdev\":\"net0\",\"mq\":true,\"bus\":\"pci.1\"}",
		"-device", "vfio-pci,host=0000:05:00.0,id=gpu", "-blockdev",
		"{\"driver\":\"file\",\"filename\":\"/a\",\"node-name\":\"n\",\"cache\":{\"direct\":true}}",
		"-global", "ICH9-LPC.disable_s3=1", "-global", "driver=cfi.pflash01,property=secure,value=on",
		"-drive", "file=/a,,b,if=none", "-append", "quiet a=b", "-device", "{\"driver\":\"x\",}",
		"-id", "100", "-msg", "timestamp=on", "disk.img", "-S", NULL
	};
	const struct host host = { a, { .prefix = "/nonexistent" } };
	struct trace trace = { .arena = a };
	struct mistakes m = { .arena = a };
	struct names names;
	struct facts facts;
	struct cmdline c;
	struct err err;

	cmdline_parse(a, opts, (char *const *)(const void *)words, &c);
	match_names(a, &c, &names);
	if (match_facts(&host, &c, "qemu-system-x86_64", rules_facts_needed(set), &facts, &err) < 0)
		return;
	rewrite(&c, set, &facts, &names, &trace, &m);
	trace_text(&trace, names.name, &facts);
	for (size_t i = 0; i < trace.n_outcomes; i++)
		outcome_text(a, &trace.outcomes[i], &facts);
	for (size_t i = 0; i < c.n; i++)
		must(c.args[i].added || c.args[i].changed || c.args[i].removed ||
			     c.args[i].value == c.args[i].before, "%s changed untold", c.args[i].word);
	cmdline_argv(&c, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct qemuopts opts;
	struct arena arena = { 0 };
	struct file file = { "f", arena_strndup(&arena, (const char *)data, size), size };
	struct mistakes in_rules = { .arena = &arena }, in_settings = { .arena = &arena };
	struct rule_set set = { 0 };
	struct settings settings;

	rules_read(&arena, &file, &set, &in_rules);
	check_mistakes(&arena, &in_rules, &file);
	settings_parse(&arena, &file, &settings, &in_settings);
	check_mistakes(&arena, &in_settings, &file);
	if (in_rules.errors == 0 && check_actions(&arena, &opts, &set))
		apply(&arena, &opts, &set);
	arena_free(&arena);
	return 0;
}
