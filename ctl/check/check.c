/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmshim check`: every mistake and warning, with the code that the wrapper reads rules with. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/confdir.h"
#include "ctl/check/qemu.h"
#include "ctl/check/slips.h"
#include "ctl/ctl.h"
#include "ctl/inuse.h"
#include "ctl/unitswarn.h"
#include "err.h"
#include "file.h"
#include "jsondoc.h"
#include "shellword.h"
#include "str.h"
#include "wrapper/decide.h"

#define CHECK_VERSION 1

struct check {
	struct ctl *ctl;
	struct decision d;
	const char *qemu; /* NULL: not asked for; "": find it */
	struct strv files;
	bool installed;	  /* the rules in their places, not files that were given */
	bool has_conf;	  /* kvmshim.conf is one of what is checked */
};

/* The real emulator's paths on the distributions, wrapped or not. */
static const char *const emulators[] = {
	"/usr/libexec/qemu-kvm.real", "/usr/bin/qemu-system-x86_64.real",
	"/usr/bin/qemu-kvm.real",     "/usr/libexec/qemu-kvm",
	"/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-kvm",
};

static const char *find_emulator(const struct check *c)
{
	if (*c->qemu)
		return c->qemu;
	if (c->d.settings.real)
		return c->d.settings.real;
	for (size_t i = 0; i < sizeof(emulators) / sizeof(emulators[0]); i++)
		if (access(emulators[i], X_OK) == 0)
			return emulators[i];
	return NULL;
}

/* QEMU's ELF file, where a rule file belongs: it was meant for --qemu. */
static bool is_program(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[SELFMAG];

	return fd >= 0 && read(fd, magic, SELFMAG) == SELFMAG &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* A draft may be anybody's and anywhere; only what it says is judged. */
static int check_file(struct check *c, const char *path)
{
	struct file file;
	struct err err;

	if (c->qemu && is_program(path))
		return ctl_wrong(&command_check, "'%s' is a program: write --qemu=%s", path,
				 shellword_value(c->ctl->host.arena, path));
	if (file_read_any(c->ctl->host.arena, path, &file, &err) < 0) {
		ctl_fail("%s", err.text);
		return CTL_USAGE;
	}
	c->has_conf |= str_ends(path, ".conf");
	if (str_ends(path, ".conf"))
		settings_parse(c->ctl->host.arena, &file, &c->d.settings, &c->d.mistakes);
	else
		rules_read(c->ctl->host.arena, &file, &c->d.rules, &c->d.mistakes);
	return CTL_FINE;
}

static void warn_of_settings(struct check *c)
{
	if (!c->d.settings.enabled)
		mistake_warn(&c->d.mistakes, c->d.settings.path, 0,
			     "enabled = no, so the wrapper applies no rule at all");
}

static int ask_qemu(struct check *c)
{
	const char *binary = find_emulator(c);
	struct err err;

	if (!binary)
		return ctl_fail("no emulator was found; use --qemu=BINARY");
	if (checkqemu(c->ctl->host.arena, binary, &c->d, &err) < 0)
		return ctl_fail("%s", err.text);
	return CTL_FINE;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static size_t count_enabled(const struct rule_set *rules)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++)
		n += rules->v[i].enabled;
	return n;
}

/* The admin sees here that the name of a directory is wrong. */
static void show_places(const struct check *c)
{
	const struct ctl *ctl = c->ctl;

	printf(" in %s and %s", root_path(&ctl->host, CONFDIR_ETC "/rules.d"),
	       root_path(&ctl->host, CONFDIR_LIB "/rules.d"));
}

static void show_text(const struct check *c)
{
	const struct mistakes *m = &c->d.mistakes;
	size_t warnings = m->n - m->errors, off = c->d.rules.n - count_enabled(&c->d.rules);

	for (size_t i = 0; i < m->n; i++)
		puts(mistake_text(c->ctl->host.arena, &m->v[i]));
	printf("%zu rule%s", c->d.rules.n, plural(c->d.rules.n));
	if (off)
		printf(" (%zu not enabled)", off);
	if (c->installed && c->d.rules.n == 0)
		show_places(c);
	printf(": %zu mistake%s, %zu warning%s\n", m->errors, plural(m->errors), warnings,
	       plural(warnings));
}

static void show_json(const struct check *c)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "version", json_object_new_int(CHECK_VERSION));
	json_object_object_add(o, "rules", json_object_new_int((int)c->d.rules.n));
	json_object_object_add(o, "enabled", json_object_new_int((int)count_enabled(&c->d.rules)));
	json_object_object_add(o, "mistakes", jsondoc_mistakes(c->ctl->host.arena, &c->d.mistakes));
	ctl_print_json(c->ctl->host.arena, o);
}

static int read_files(struct check *c)
{
	const struct strv *files = &c->files;
	struct mistakes ignored = { .arena = c->ctl->host.arena };
	int status = CTL_FINE;

	/* extra-options of the installed kvmshim.conf hold for a draft too */
	settings_read(&c->ctl->host, &c->d.settings, files->n ? &ignored : &c->d.mistakes);
	c->installed = c->has_conf = files->n == 0;
	if (c->installed) {
		warn_of_settings(c);
		decide_read_rules(&c->ctl->host, &c->d);
		return CTL_FINE;
	}
	for (size_t i = 0; i < files->n && status == CTL_FINE; i++)
		status = check_file(c, files->v[i]);
	decide_check_rules(c->ctl->host.arena, &c->d);
	return status;
}

static const struct option_row options[] = {
	OPTION_ROW_JSON,
	{ "qemu", OPTION_MAYBE_JOINED, offsetof(struct check, qemu), "BINARY",
	  "also compare the names in the rules with the names that the\n"
	  "real QEMU has; BINARY is only read after an equals sign" },
	{ 0 },
};

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct check c = { .ctl = ctl, .d = { .mistakes.arena = ctl->host.arena } };
	int status;

	if (!options_read(ctl, &command_check, argc, argv, &c, &status))
		return status;
	status = read_files(&c);
	if (status == CTL_FINE) {
		slips_warn(ctl->host.arena, &c.d.rules, &c.d.mistakes);
		inuse_warn(&ctl->host, &c.d.rules, &c.d.mistakes);
		unitswarn_rules(&ctl->host, &c.d.rules, &c.d.mistakes);
		if (c.has_conf)
			unitswarn(&ctl->host, &c.d.settings, &c.d.mistakes);
	}
	if (status == CTL_FINE && c.qemu)
		status = ask_qemu(&c);
	if (status != CTL_FINE)
		return status;
	mistakes_sort(&c.d.mistakes);
	(ctl->json ? show_json : show_text)(&c);
	return c.d.mistakes.errors ? CTL_FOUND : CTL_FINE;
}

const struct command command_check = {
	.name = "check",
	.usage = "[--json] [--qemu[=BINARY]] [FILE…]",
	.help = "find every mistake in the rule files and kvmshim.conf, or in each FILE",
	.about = "Reads all rule files and kvmshim.conf, or only each FILE. Prints every mistake\n"
		 "and every warning. Changes nothing. A FILE can be in any directory. If its name\n"
		 "ends in .conf, it is read as kvmshim.conf.",
	.options = options,
	.operands = { .name = "FILE", .many = true, .at = offsetof(struct check, files) },
	.examples = "kvmshim check --qemu\n"
		    "kvmshim check --qemu=/usr/bin/qemu-system-x86_64 ./50-gpu.ini",
	.manual = "kvmshim(8), kvmshim-rules(5)",
	.run = run,
};
