/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines, one word a line. Cutting them up and putting them together
 * gives the same words; rules change what they select and nothing else, and
 * applying them once more changes nothing.
 */
#include "conf/rules.h"
#include "err.h"
#include "file.h"
#include "fuzz.h"
#include "mistake.h"
#include "root.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/match.h"
#include "conf/expand.h"
#include "wrapper/probe.h"
#include "wrapper/rewrite.h"
#include "wrapper/trace.h"
#include "wrapper/line/view.h"

/* Every verb, each syntax; each of these options is in `touched` below. */
static const char settled[] =
	"[cpu]\n"
	"when-option = -cpu\n"
	"set = -cpu kvm=off,+invtsc,hv-vendor-id=a b\n"
	"default = -cpu migratable=off\n"
	"unset = -cpu hv_relaxed\n"
	"[all]\n"
	"when = always\n"
	"set = -device[driver=virtio-net*] mq=on,rx=1\n"
	"set = -device[addr=1:2.3] id=x\n"
	"default = -device romfile=\n"
	"unset = -device x-vga,a\n"
	"default = -machine usb=off,dump-guest-core=on\n"
	"set = -machine vmport=off\n"
	"unset = -machine smm\n"
	"unset = -drive cache\n"
	"set = -drive[file=*a*] discard=unmap,file=b\n"
	"set = -global a.b=c\n"
	"unset = -global c.d\n"
	"set = -smp maxcpus=4\n"
	"[named]\n"
	"when-name = !x*, *\n"
	"when-uuid = *\n"
	"set = -append value=%u\n";

static const char unsettled[] =
	"[more]\n"
	"when = always\n"
	"set = -blockdev file.locking=on,cache:={\"direct\":true}\n"
	"unset = -netdev script\n"
	"add = -device pcie-root-port,id=fuzz,chassis=7\n"
	"remove = -serial\n"
	"remove = -chardev[id=*a*]\n"
	"set = -cpu kvm=on\n"
	"[high]\n"
	"when-name = *\n"
	"hide-hypervisor = all vendor=a\n"
	"machine-type = q35\n"
	"share-9p = fuzz / ro\n"
	"pass-usb = 1234:5678\n";

static const char *const touched[] = { "cpu", "device", "machine", "M", "drive", "global", "smp",
				       "append", "blockdev", "netdev", "serial", "chardev", "set",
				       "enable-kvm", "no-acpi", "no-hpet", "no-kvm", "usb" };

static bool may_be_touched(const struct arg *arg)
{
	for (size_t i = 0; arg->opt && i < sizeof(touched) / sizeof(touched[0]); i++)
		if (str_eq(arg->opt->name, touched[i]))
			return true;
	return false;
}

static void read_rules(struct arena *a, const char *text, struct rule_set *set)
{
	struct file file = { .path = "f", .text = text, .len = strlen(text) };
	struct mistakes m = { .arena = a };

	rules_read(a, &file, set, &m);
	must(m.n == 0, "%s", m.v[0].text);
}

static void same_words(const struct cmdline *c, char *const *argv)
{
	size_t n, i = 0;
	const char **out = cmdline_argv(c, &n);

	for (; argv[i]; i++)
		must(out[i] == argv[i], "word %zu is '%s', not '%s'", i, out[i], argv[i]);
	must(i == n && !out[n], "%zu words, not %zu", n, i);
}

/* Applies the rules; false where they ask for what cannot be. */
static bool apply(struct arena *a, struct cmdline *c, const struct rule_set *set,
		  struct trace *trace)
{
	const struct host host = { a, { .prefix = "/nonexistent" } };
	struct mistakes m = { .arena = a };
	struct names names;
	struct facts facts;
	struct err err;

	*trace = (struct trace){ .arena = a };
	match_names(a, c, &names);
	names.host = "host";
	must(match_facts(&host, c, "qemu-system-x86_64", rules_facts_needed(set), &facts, &err) ==
		     0,
	     "facts: %s", err.text);
	rewrite(c, set, &facts, &names, trace, &m);
	trace_text(trace, names.name, &facts);
	return m.errors == 0;
}

static void only_touched_changed(const struct cmdline *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct arg *arg = &c->args[i];

		if (arg->added) /* before a last option without its value */
			continue;
		if (arg->changed || arg->removed)
			must(may_be_touched(arg), "-%s was changed", arg->opt ? arg->opt->name : "?");
		else
			must(arg->value == arg->before, "%s: a value changed untold", arg->word);
	}
}

/* A key that QEMU takes nowhere: a comma beside it means now this, now that. */
static bool has_no_key(const struct cmdline *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct arg *arg = &c->args[i];
		const struct optval *v = arg->opt && arg->value ? view_parsed(c, arg, NULL) : NULL;

		for (size_t j = 0; v && !v->json && j < v->n; j++)
			if (*v->props[j].key == '\0' || *v->props[j].key == '{')
				return true;
	}
	return false;
}

static void settles(struct arena *a, struct cmdline *c)
{
	struct rule_set set = { 0 };
	struct trace trace;
	size_t n;

	read_rules(a, settled, &set);
	if (!apply(a, c, &set, &trace))
		return;
	only_touched_changed(c);
	n = c->n;
	must(apply(a, c, &set, &trace), "what could be done once cannot be done twice");
	must(c->n == n, "%zu arguments, then %zu", n, c->n);
	for (size_t i = 0; i < trace.n_events; i++)
		must(trace.events[i].kind == EVENT_NOTHING, "changed again: -%s",
		     trace.events[i].action->target.option);
}

static void changes(struct arena *a, struct cmdline *c)
{
	struct rule_set set = { 0 };
	struct trace trace;

	read_rules(a, unsettled, &set);
	if (apply(a, c, &set, &trace))
		only_touched_changed(c);
	cmdline_argv(c, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct qemuopts opts;
	struct arena arena = { 0 };
	struct strv words = { 0 };
	char *const *argv;
	struct cmdline c;

	fuzz_words(&arena, data, size, &words);
	strv_push(&arena, &words, NULL);
	argv = (char *const *)(const void *)words.v;
	cmdline_parse(&arena, &opts, argv, &c);
	same_words(&c, argv);
	probe_is(&c);
	same_words(&c, argv);
	if (!has_no_key(&c))
		settles(&arena, &c);
	cmdline_parse(&arena, &opts, argv, &c);
	changes(&arena, &c);
	arena_free(&arena);
	return 0;
}
