/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/words.h"

#include "err.h"
#include "str.h"
#include "unit.h"

static const struct row {
	const char *name, *value, *want; /* words in <>; NULL: a mistake */
} rows[] = {
	{ "nothing is no words", "", "" },
	{ "blanks are no words", " \t ", "" },
	{ "words part at blanks and tabs", "data  /srv\tro", "<data></srv><ro>" },
	{ "quotes keep blanks together", "data \"/srv/my data\" ro", "<data></srv/my data><ro>" },
	{ "a word may be quoted in part", "vendor=\"a b\"c", "<vendor=a bc>" },
	{ "\\\" and \\\\ inside quotes", "\"a\\\"b\\\\c\"", "<a\"b\\c>" },
	{ "any other backslash is itself", "\"a\\nb\" c\\d", "<a\\nb><c\\d>" },
	{ "a quoted nothing is a word", "a \"\" b", "<a><><b>" },
	{ "a quote that does not end", "data \"/srv", NULL },
	{ "nor one at the end", "data /srv\"", NULL },
};

static void takes_words(void **state)
{
	const struct row *row = *state;
	struct strbuf b = { .arena = &arena };
	struct strv words = { 0 };
	struct err err;
	int rc = words_parse(&arena, row->value, &words, &err);

	assert_int_equal(rc < 0, !row->want);
	for (size_t i = 0; i < words.n; i++)
		strbuf_addf(&b, "<%s>", words.v[i]);
	if (row->want)
		assert_text(strbuf_text(&b), row->want);
}

int main(void)
{
	UNIT_ROWS(rows, takes_words);
	return unit_run("words");
}
