/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/cmdline.h"

#include "line.h"

/* How words are cut: "[-name x]" an option with its value, "(x)" a disk image, "?-x" unknown. */
static const char *shape(const struct cmdline *c)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < c->n; i++) {
		const struct arg *a = &c->args[i];

		strbuf_add(&b, i ? " " : "");
		if (!a->opt && !a->unknown)
			strbuf_addf(&b, "(%s)", a->word);
		else
			strbuf_addf(&b, "%s[%s%s%s]", a->unknown ? "?" : "", a->word,
				    a->value ? " " : "", a->value ? a->value : "");
	}
	return strbuf_text(&b);
}

static const struct row {
	const char *name, *line, *want;
} rows[] = {
	{ "no words", "", "" },
	{ "options with and without a value", "-name x -S -m 1G", "[-name x] [-S] [-m 1G]" },
	{ "two dashes are one", "--name x --S", "[--name x] [--S]" },
	{ "three are none", "---name x", "?[---name x]" },
	{ "an option takes the next word whatever it is", "-name -cpu -S", "[-name -cpu] [-S]" },
	{ "also a dash", "-name - -S", "[-name -] [-S]" },
	{ "also two dashes, which end nothing", "-name -- -S", "[-name --] [-S]" },
	{ "also the empty word", "-append '' -S", "[-append ] [-S]" },
	{ "a name that looks like an option hides none", "-name -machine -M q35 -name guest=z",
	  "[-name -machine] [-M q35] [-name guest=z]" },
	{ "every other word is a disk image", "a.img -S b.img", "(a.img) [-S] (b.img)" },
	{ "the empty word is one", "'' -S", "() [-S]" },
	{ "a flag does not eat an image", "-S a.img", "[-S] (a.img)" },
	{ "an option without its value at the end", "-S -name", "[-S] [-name]" },
	{ "no value behind a =", "-cpu=host x", "?[-cpu=host x]" },
	{ "two dashes alone are an unknown option", "-- -S", "?[--] [-S]" },
	{ "a dash alone is too", "- a.img", "?[- a.img]" },
	{ "an unknown option owns a word without a dash", "-id 100 -name x", "?[-id 100] [-name x]" },
	{ "before a dash it is a flag", "-foo -name x", "?[-foo] [-name x]" },
	{ "and at the end", "-name x -foo", "[-name x] ?[-foo]" },
	{ "an unknown option owns the empty word", "-id '' -S", "?[-id ] [-S]" },
	{ "case counts", "-NAME x", "?[-NAME x]" },
};

static void cuts(void **state)
{
	const struct row *row = *state;
	struct cmdline c;

	line_parse(row->line, &c);
	assert_text(shape(&c), row->want);
	assert_text(line_text(&c), row->line);
}

static void every_byte_stays(void **state)
{
	static char *const argv[] = { (char *)(uintptr_t) "kvm", (char *)(uintptr_t) "-name",
				      (char *)(uintptr_t) "\n\t\xff\\\"'", (char *)(uintptr_t) "\x01",
				      NULL };
	const struct qemuopts opts = { 0 };
	struct cmdline c;
	const char **out;
	size_t n;

	(void)state;
	cmdline_parse(&arena, &opts, argv, &c);
	out = cmdline_argv(&c, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(out[i], argv[i]);
	assert_null(out[4]);
}

/* execve() with an empty argv is allowed. */
static void no_argv0(void **state)
{
	static char *const argv[] = { NULL };
	const struct qemuopts opts = { 0 };
	struct cmdline c;
	size_t n = 7;

	(void)state;
	cmdline_parse(&arena, &opts, argv, &c);
	assert_null(cmdline_argv(&c, &n)[0]);
	assert_int_equal(n, 0);
}

static void ten_thousand_words(void **state)
{
	struct strbuf b = { .arena = &arena };
	struct cmdline c;

	(void)state;
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&b, "%s-device d%d", i ? " " : "", i);
	line_parse(b.text, &c);
	assert_int_equal(c.n, 5000);
	assert_text(line_text(&c), b.text);
}

static void words_come_and_go(void **state)
{
	struct cmdline c;

	(void)state;
	line_parse("-name x -S -m 1G", &c);
	c.args[1].removed = true;
	arg_change(&c.args[2], "2G");
	cmdline_add(&c, line_option("device"), "a,b=c");
	cmdline_add(&c, line_option("nodefaults"), NULL);
	assert_text(line_text(&c), "-name x -m 2G -device a,b=c -nodefaults");
	assert_text(c.args[2].before, "1G");
	assert_true(c.args[2].changed);
	assert_false(c.args[0].changed);
	assert_true(c.args[3].added);
}

static void the_same_value_is_no_change(void **state)
{
	struct cmdline c;

	(void)state;
	line_parse("-m 1G", &c);
	arg_change(&c.args[0], arena_strdup(&arena, "1G"));
	assert_false(c.args[0].changed);
}

static void uses(void **state)
{
	struct cmdline c;

	(void)state;
	line_parse("-M q35 -machine pc -S -machine", &c);
	assert_true(arg_is(&c.args[0], line_option("machine")));
	assert_true(arg_is(&c.args[1], line_option("machine")));
	assert_true(arg_is(&c.args[2], line_option("S")));
	assert_false(arg_is(&c.args[2], line_option("machine")));
	assert_false(arg_is(&c.args[3], line_option("machine")));
	c.args[0].removed = true;
	assert_false(arg_is(&c.args[0], line_option("machine")));
}

int main(void)
{
	UNIT_ROWS(rows, cuts);
	UNIT_TEST("every byte of every word stays", every_byte_stays);
	UNIT_TEST("a program without a name is passed on without one", no_argv0);
	UNIT_TEST("ten thousand words are no problem", ten_thousand_words);
	UNIT_TEST("words change, go and come, the others keep their places", words_come_and_go);
	UNIT_TEST("giving an argument the value that it has changes nothing",
		  the_same_value_is_no_change);
	UNIT_TEST("a use of an option is living and has its value", uses);
	return unit_run("cmdline");
}
