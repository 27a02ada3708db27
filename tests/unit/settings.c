/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/settings.h"

#include "file.h"
#include "mistake.h"
#include "str.h"
#include "tree.h"

static const char *settings_text(const struct settings *s)
{
	struct strbuf b = { .arena = &arena };

	strbuf_addf(&b, "%s %s %s", s->enabled ? "on" : "off", s->pass_on_error ? "pass" : "refuse",
		    s->real ? s->real : "-");
	for (size_t i = 0; i < s->n_extra; i++)
		strbuf_addf(&b, " %s:%s", s->extra[i].name, s->extra[i].has_arg ? "arg" : "flag");
	return strbuf_text(&b);
}

static void parse(const char *text, struct settings *s, struct mistakes *m)
{
	struct file file = { .path = "f", .text = text, .len = text ? strlen(text) : 0 };

	*m = (struct mistakes){ .arena = &arena };
	settings_parse(&arena, &file, s, m);
}

static const struct good {
	const char *name, *text, *want;
} good[] = {
	{ "a file that is /dev/null is all defaults", NULL, "on refuse -" },
	{ "an empty file is all defaults", "", "on refuse -" },
	{ "an empty section is all defaults", "[wrapper]\n", "on refuse -" },
	{ "the kill switch", "[wrapper]\nenabled = no\n", "off refuse -" },
	{ "on-error = pass", "[wrapper]\non-error = pass\n", "on pass -" },
	{ "on-error = refuse", "[wrapper]\non-error = refuse\n", "on refuse -" },
	{ "the real emulator", "[wrapper]\nreal = /opt/my qemu/bin/qemu\n",
	  "on refuse /opt/my qemu/bin/qemu" },
	{ "options of a vendor's QEMU", "[wrapper]\nextra-options = id:arg, foo:flag\n",
	  "on refuse - id:arg foo:flag" },
	{ "a comma at the end of them does no harm", "[wrapper]\nextra-options = id:arg,\n",
	  "on refuse - id:arg" },
	{ "more extra options", "[wrapper]\nextra-options = id:arg\nextra-options += x:flag\n", "on refuse - id:arg x:flag" },
	{ "no extra options", "[wrapper]\nextra-options =\n", "on refuse -" },
	{ "an option with a colon in its name", "[wrapper]\nextra-options = a:b:flag\n",
	  "on refuse - a:b:flag" },
	{ "sections in any order", "[device 05:00.0]\n[hook]\nenabled = no\n[wrapper]\non-error = pass\n",
	  "on pass -" },
};

static void reads(void **state)
{
	const struct good *row = *state;
	struct mistakes m;
	struct settings s;

	parse(row->text, &s, &m);
	assert_int_equal(m.n, 0);
	assert_text(settings_text(&s), row->want);
	assert_text(s.path, "f");
}

static const struct bad {
	const char *name, *text, *says, *kept;
} bad[] = {
	{ "an unknown key, with the nearest", "[wrapper]\nenable = no\n",
	  "f:2: error: unknown key 'enable' (did you mean 'enabled'?)", "on refuse -" },
	{ "an unknown section, with the nearest", "[wraper]\nenabled = no\n",
	  "f:1: error: unknown section [wraper] (did you mean 'wrapper'?)", "on refuse -" },
	{ "a key before any section", "enabled = no\n", "f:1: error: 'enabled' is before the first section",
	  "on refuse -" },
	{ "the same key twice keeps the first", "[wrapper]\nenabled = no\nenabled = yes\n",
	  "f:3: error: 'enabled' is given twice: first at line 2", "off refuse -" },
	{ "the same section twice", "[wrapper]\n[wrapper]\n",
	  "f:2: error: section [wrapper] is given twice: first at line 1", "on refuse -" },
	{ "enabled is yes or no", "[wrapper]\nenabled = 0\n", "f:2: error: enabled = 0: must be yes or no",
	  "on refuse -" },
	{ "on-error is refuse or pass", "[wrapper]\non-error = ignore\n",
	  "f:2: error: on-error = ignore: must be refuse or pass", "on refuse -" },
	{ "real is a path from the root", "[wrapper]\nreal = qemu\n",
	  "f:2: error: real = qemu: must be an absolute path", "on refuse -" },
	{ "an extra option says arg or flag", "[wrapper]\nextra-options = id\n",
	  "f:2: error: extra-options = id: must be NAME:arg or NAME:flag", "on refuse -" },
	{ "and nothing else", "[wrapper]\nextra-options = id:value\n", "f:2: error: extra-options", NULL },
	{ "an extra option has no dash", "[wrapper]\nextra-options = -id:arg\n",
	  "f:2: error: extra-options", NULL },
	{ "nor another sign", "[wrapper]\nextra-options = +id:arg\n", "f:2: error: extra-options", NULL },
	{ "an extra option has a name", "[wrapper]\nextra-options = :arg\n", "f:2: error: extra-options",
	  NULL },
	{ "an extra option is said once", "[wrapper]\nextra-options = id:arg, id:flag\n",
	  "f:2: error: extra-options = id:arg, id:flag: must be NAME:arg or NAME:flag, each NAME once", NULL },
	{ "also where it is added", "[wrapper]\nextra-options = id:arg\nextra-options += id:flag\n", "f:3: error: extra-options += id:flag", NULL },
	{ "two commas", "[wrapper]\nextra-options = id:arg,,x:flag\n", "f:2: error: extra-options", NULL },
	{ "what is right is kept beside what is wrong",
	  "[wrapper]\nreal = /r\nenabled = maybe\non-error = pass\n",
	  "f:3: error: enabled = maybe: must be yes or no", "on pass /r" },
	{ "a section that nothing is near to", "[somewhere]\nenabled = no\n",
	  "f:1: error: unknown section [somewhere]", "on refuse -" },
	{ "a kind of device", "[devcie 0000:83:00.0]\nexpect = 10de:1b06\n",
	  "f:1: error: unknown section [devcie 0000:83:00.0] (did you mean 'device 0000:83:00.0'?)", NULL },
	{ "a kind of device that begins alike", "[devices 0000:83:00.0]\nexpect = 10de:1b06\n",
	  "f:1: error: unknown section [devices 0000:83:00.0] (did you mean 'device 0000:83:00.0'?)", NULL },
	{ "a section that begins alike", "[hooks]\nenabled = no\n",
	  "f:1: error: unknown section [hooks] (did you mean 'hook'?)", NULL },
	{ "syntax mistakes are told as well", "[wrapper]\nenabled\non-error = pass\n",
	  "f:2: error: 'enabled': must be a [section] or key = value", "on pass -" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct mistakes m;
	struct settings s;

	parse(row->text, &s, &m);
	assert_true(m.errors > 0);
	assert_says(mistake_text(&arena, &m.v[0]), row->says);
	if (row->kept)
		assert_text(settings_text(&s), row->kept);
}

/* ---- from the folder ---- */

static void read_all(struct settings *s, struct mistakes *m)
{
	struct host host = tree_host();

	*m = (struct mistakes){ .arena = &arena };
	settings_read(&host, s, m);
}

static void missing_is_fine(void **state)
{
	struct mistakes m;
	struct settings s;

	(void)state;
	read_all(&s, &m);
	assert_int_equal(m.n, 0);
	assert_text(settings_text(&s), "on refuse -");
	tree_folder("etc/kvmshim");
	read_all(&s, &m);
	assert_int_equal(m.n, 0);
	assert_text(tree_hide(s.path), "/etc/kvmshim/kvmshim.conf");
}

static void from_the_folder(void **state)
{
	struct mistakes m;
	struct settings s;

	(void)state;
	tree_file("etc/kvmshim/kvmshim.conf", "[wrapper]\nenabled = no\n");
	read_all(&s, &m);
	assert_int_equal(m.n, 0);
	assert_false(s.enabled);
}

/* Somebody else's kill switch is not pulled. */
static void not_a_strangers(void **state)
{
	struct mistakes m;
	struct settings s;

	(void)state;
	tree_bytes("etc/kvmshim/kvmshim.conf", "[wrapper]\nenabled = no\n", 23, 0666);
	read_all(&s, &m);
	assert_true(s.enabled);
	assert_int_equal(m.errors, 1);
	assert_text(tree_hide(mistake_text(&arena, &m.v[0])),
		    "/etc/kvmshim/kvmshim.conf: error: the group or others can write to it (mode 0666); "
		    "run chmod go-w");
}

int main(void)
{
	UNIT_ROWS(good, reads);
	UNIT_ROWS(bad, refuses);
	TREE_TEST("a file that is missing is all defaults", missing_is_fine);
	TREE_TEST("the file is that of /etc/kvmshim", from_the_folder);
	TREE_TEST("a file that others can write is not believed", not_a_strangers);
	return unit_run("settings");
}
