/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "str.h"

#include "unit.h"

/* ---- strbuf, strv ---- */

static void adds_pieces(void **state)
{
	struct strbuf b = { .arena = &arena };

	(void)state;
	assert_text(strbuf_text(&b), "");
	strbuf_add(&b, "one ");
	strbuf_addn(&b, "two-three", 3);
	strbuf_addc(&b, ' ');
	strbuf_addf(&b, "%d%s", 3, "!");
	assert_text(strbuf_text(&b), "one two 3!");
	assert_int_equal(b.len, 10);
}

static void keeps_nul_bytes(void **state)
{
	struct strbuf b = { .arena = &arena };

	(void)state;
	strbuf_addn(&b, "a\0b", 3);
	strbuf_addc(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.text, "a\0b\0", 5);
}

static void adding_nothing_makes_a_text(void **state)
{
	struct strbuf b = { .arena = &arena };

	(void)state;
	strbuf_addn(&b, NULL, 0);
	assert_non_null(b.text);
	assert_text(b.text, "");
}

static void grows_past_any_size(void **state)
{
	struct strbuf b = { .arena = &arena };

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&b, (char)('a' + i % 26));
	assert_int_equal(strlen(b.text), 100000);
	assert_int_equal(b.text[99999], 'a' + 99999 % 26);
}

static void a_list_keeps_its_order(void **state)
{
	static const char *const words[] = { "a", "b", "c" };
	struct strv v = { 0 };

	(void)state;
	for (size_t i = 0; i < 100; i++)
		strv_push(&arena, &v, words[i % 3]);
	assert_int_equal(v.n, 100);
	for (size_t i = 0; i < 100; i++)
		assert_ptr_equal(v.v[i], words[i % 3]);
}

/* ---- small questions ---- */

static const struct ends {
	const char *name, *s, *piece;
	bool starts, ends;
} ends[] = {
	{ "every text starts and ends with nothing", "abc", "", true, true },
	{ "a text starts and ends with itself", "abc", "abc", true, true },
	{ "a piece may stand in front only", "abc", "ab", true, false },
	{ "a piece may stand at the end only", "abc", "bc", false, true },
	{ "a longer piece stands nowhere", "abc", "abcd", false, false },
	{ "nothing holds no piece", "", "a", false, false },
};

static void knows_its_ends(void **state)
{
	const struct ends *row = *state;

	assert_int_equal(str_starts(row->s, row->piece), row->starts);
	assert_int_equal(str_ends(row->s, row->piece), row->ends);
}

static const struct splice {
	const char *name, *text;
	size_t start, end;
	const char *with, *want;
} splices[] = {
	{ "a piece in the middle is replaced", "one two three", 4, 7, "2", "one 2 three" },
	{ "a longer piece fits as well", "a,c", 1, 2, " bbbb ", "a bbbb c" },
	{ "an empty range is a place to insert", "ac", 1, 1, "b", "abc" },
	{ "a piece can be taken out", "abc", 1, 2, "", "ac" },
	{ "all of it can be replaced", "abc", 0, 3, "x", "x" },
	{ "the end is a place too", "abc", 3, 3, "d", "abcd" },
};

static void splices_text(void **state)
{
	const struct splice *row = *state;

	assert_text(str_splice(&arena, row->text, row->start, row->end, row->with), row->want);
}

static const struct trim {
	const char *name, *text;
	size_t len;
	const char *want;
} trims[] = {
	{ "blanks and tabs go from both ends", " \t a b\t ", 7, "a b" },
	{ "nothing but blanks is nothing", " \t ", 3, "" },
	{ "only the named length is looked at", "abc  def", 5, "abc" },
	{ "a newline is no blank", "\na\n", 3, "\na\n" },
	{ "nothing stays nothing", "", 0, "" },
};

static void trims_blanks(void **state)
{
	const struct trim *row = *state;

	assert_text(str_trim(&arena, row->text, row->len), row->want);
}

static void skips_blanks(void **state)
{
	(void)state;
	assert_text(str_skip_blanks(" \t x "), "x ");
	assert_text(str_skip_blanks(""), "");
	assert_text(str_skip_blanks("  "), "");
}

static const struct boolean {
	const char *name, *text;
	int want;
} booleans[] = {
	{ "on is true", "on", 1 },
	{ "yes is true", "yes", 1 },
	{ "true is true", "true", 1 },
	{ "y is true", "y", 1 },
	{ "off is false", "off", 0 },
	{ "no is false", "no", 0 },
	{ "false is false", "false", 0 },
	{ "n is false", "n", 0 },
	{ "1 is no bool", "1", -1 },
	{ "ON is no bool: QEMU minds the case", "ON", -1 },
	{ "auto is no bool", "auto", -1 },
	{ "nothing is no bool", "", -1 },
	{ "a blank behind it is not overlooked", "on ", -1 },
};

static void reads_a_bool(void **state)
{
	const struct boolean *row = *state;

	assert_int_equal(str_to_bool(row->text), row->want);
}

/* ---- UTF-8 ---- */

static const struct utf8 {
	const char *name, *bytes;
	size_t left, want;
} utf8[] = {
	{ "a letter is one byte", "a", 1, 1 },
	{ "two bytes", "\xc3\xa9", 2, 2 },
	{ "three bytes", "\xe2\x82\xac", 3, 3 },
	{ "four bytes", "\xf0\x9f\x98\x80", 4, 4 },
	{ "the last character there is", "\xf4\x8f\xbf\xbf", 4, 4 },
	{ "one past the last", "\xf4\x90\x80\x80", 4, 0 },
	{ "f5 begins nothing", "\xf5\x80\x80\x80", 4, 0 },
	{ "a byte that only goes on", "\x80", 1, 0 },
	{ "two bytes for what needs one", "\xc0\x80", 2, 0 },
	{ "two bytes for what needs one, c1", "\xc1\xbf", 2, 0 },
	{ "three bytes for what needs two", "\xe0\x9f\xbf", 3, 0 },
	{ "four bytes for what needs three", "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "a surrogate is no character", "\xed\xa0\x80", 3, 0 },
	{ "the last before the surrogates", "\xed\x9f\xbf", 3, 3 },
	{ "cut short by the length", "\xe2\x82\xac", 2, 0 },
	{ "cut short by another character", "\xe2\x82\x41", 3, 0 },
	{ "nothing left", "a", 0, 0 },
	{ "latin-1", "\xff", 1, 0 },
};

static void measures_utf8(void **state)
{
	const struct utf8 *row = *state;

	assert_int_equal(str_utf8_len(row->bytes, row->left), row->want);
}

static const struct printable {
	const char *name, *text, *want;
} printables[] = {
	{ "plain text stays", "instance-0001 (web)", "instance-0001 (web)" },
	{ "other scripts stay", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	  "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "a newline cannot begin a line of the log", "a\nb", "a\\x0ab" },
	{ "an escape cannot reach the terminal", "\033[31mred", "\\x1b[31mred" },
	{ "DEL is a control character", "a\x7f", "a\\x7f" },
	{ "so are those of 80 to 9f", "\xc2\x9b" "31m", "\\xc2\\x9b31m" },
	{ "a0, the first after them, is not", "\xc2\xa0", "\xc2\xa0" },
	{ "nor can a text be turned around", "\xe2\x80\xae" "fdp", "\\xe2\\x80\\xaefdp" },
	{ "nor begin a line of its own", "\xe2\x80\xa8" "b", "\\xe2\\x80\\xa8b" },
	{ "nor be isolated", "\xe2\x81\xa6" "b", "\\xe2\\x81\\xa6b" },
	{ "an ellipsis and a no-break space are none", "\xe2\x80\xa6\xe2\x80\xaf", "\xe2\x80\xa6\xe2\x80\xaf" },
	{ "nor by a mark", "\xd8\x9c" "b\xe2\x80\x8f", "\\xd8\\x9c" "b\\xe2\\x80\\x8f" },
	{ "nor have what is not seen", "a\xe2\x80\x8b\xef\xbb\xbf" "b", "a\\xe2\\x80\\x8b\\xef\\xbb\\xbf" "b" },
	{ "nor a tag", "\xf3\xa0\x81\xa1", "\\xf3\\xa0\\x81\\xa1" },
	{ "other letters of three bytes stay", "\xef\xbb\xbc\xe2\x81\x9f", "\xef\xbb\xbc\xe2\x81\x9f" },
	{ "a byte that is not UTF-8", "a\xff" "b", "a\\xffb" },
	{ "a sequence cut short", "\xe2\x82", "\\xe2\\x82" },
	{ "nothing", "", "" },
};

static void shows_text(void **state)
{
	const struct printable *row = *state;

	assert_text(str_printable(&arena, row->text), row->want);
}

static void writes_entities(void **state)
{
	(void)state;
	assert_text(str_xml(&arena, "<a href='b'>\"c\" & d\xc3\xa9</a>"),
		    "&lt;a href=&apos;b&apos;&gt;&quot;c&quot; &amp; d\xc3\xa9&lt;/a&gt;");
}

/* ---- UUIDs: they become part of a path ---- */

static const struct uuid {
	const char *name, *text, *want;
} uuids[] = {
	{ "a UUID in capitals is lowered", "4C4C4544-0031-3310-8047-B3C04F4A3532",
	  "4c4c4544-0031-3310-8047-b3c04f4a3532" },
	{ "one without dashes is refused", "4c4c4544003133108047b3c04f4a3532", NULL },
	{ "dashes in other places are refused", "4c4c454-40031-3310-8047-b3c04f4a3532", NULL },
	{ "a letter past f is refused", "4c4c4544-0031-3310-8047-b3c04f4a353g", NULL },
	{ "one digit more is refused", "4c4c4544-0031-3310-8047-b3c04f4a35321", NULL },
	{ "a path is refused", "../../../../../../../etc/kvmshim/abc", NULL },
	{ "nothing is refused", "", NULL },
};

static void reads_a_uuid(void **state)
{
	const struct uuid *row = *state;

	assert_text(str_uuid(&arena, row->text), row->want);
}

int main(void)
{
	UNIT_TEST("a string is put together from pieces", adds_pieces);
	UNIT_TEST("a string keeps NUL bytes", keeps_nul_bytes);
	UNIT_TEST("adding nothing makes an empty text", adding_nothing_makes_a_text);
	UNIT_TEST("a string grows past any size", grows_past_any_size);
	UNIT_TEST("a list keeps its order while it grows", a_list_keeps_its_order);
	UNIT_ROWS(ends, knows_its_ends);
	UNIT_ROWS(splices, splices_text);
	UNIT_ROWS(trims, trims_blanks);
	UNIT_TEST("blanks in front are skipped", skips_blanks);
	UNIT_ROWS(booleans, reads_a_bool);
	UNIT_ROWS(utf8, measures_utf8);
	UNIT_ROWS(printables, shows_text);
	UNIT_TEST("markup is written as entities", writes_entities);
	UNIT_ROWS(uuids, reads_a_uuid);
	return unit_run("str");
}
