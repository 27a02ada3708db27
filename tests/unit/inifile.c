/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The syntax of INI files: what the packaged inih mangles (long lines and
 * names, indentation, comments inside values) has to come out right, or as a
 * mistake with the line it is in.
 */
#include "conf/inifile.h"

#include "file.h"
#include "mistake.h"
#include "str.h"
#include "unit.h"

/* What the reader tells, one event a line: "1 [name]" and "2 key=value", unquoted. */
static void note_section(void *user, const char *name, unsigned line)
{
	strbuf_addf(user, "%u [%s]\n", line, name);
}

static void note_key(void *user, const char *key, const char *value, unsigned line)
{
	strbuf_addf(user, "%u %s=%s\n", line, key, inifile_unquote(&arena, value));
}

static void note_append(void *user, const char *key, const char *value, unsigned line)
{
	strbuf_addf(user, "%u %s+=%s\n", line, key, inifile_unquote(&arena, value));
}

static const char *read_text(const char *text, size_t len, struct mistakes *m)
{
	static const struct ini_events events = { note_section, note_key, note_append };
	struct file file = { .path = "f", .text = arena_strndup(&arena, text, len), .len = len };
	struct strbuf b = { .arena = &arena };

	inifile_read(&arena, &file, &events, &b, m);
	return strbuf_text(&b);
}

static const char *mistakes_text(const struct mistakes *m)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < m->n; i++)
		strbuf_addf(&b, "%s\n", mistake_text(&arena, &m->v[i]));
	return strbuf_text(&b);
}

#define L50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L49 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L200 L50 L50 L50 L50
#define B200 "                                                  " \
	     "                                                  " \
	     "                                                  " \
	     "                                                  "

static const struct good {
	const char *name, *text, *events;
} good[] = {
	{ "nothing at all", "", "" },
	{ "an empty section is announced", "[a]\n", "1 [a]\n" },
	{ "keys and values lose the blanks around them", "[a]\n  key \t=  v w  \n",
	  "1 [a]\n2 key=v w\n" },
	{ "a key before any section is told as it is", "key = v\n", "1 key=v\n" },
	{ "a value may be empty", "[a]\nkey =\n", "1 [a]\n2 key=\n" },
	{ "a value may hold = and :", "[a]\nk = a=b:c,d=e\n", "1 [a]\n2 k=a=b:c,d=e\n" },
	{ "lines that begin with # or ; are comments", "# a\n; b\n[a]\n\t# c\nk = v\n",
	  "3 [a]\n5 k=v\n" },
	{ "a comment may be behind a section", "[a] ; one\n[b] # two\n", "1 [a]\n2 [b]\n" },
	{ "empty lines count", "\n\n[a]\n\n\nk = v\n", "3 [a]\n6 k=v\n" },
	{ "indentation means nothing: the line does not go on the one above",
	  "[a]\nk = v\n  when-name = x\n\tset = y\n", "1 [a]\n2 k=v\n3 when-name=x\n4 set=y\n" },
	{ "a line of 200 bytes is not cut", "[a]\nk = " L200 "\nl = w\n",
	  "1 [a]\n2 k=" L200 "\n3 l=w\n" },
	{ "nor one of 1000", "[a]\nk = " L200 L200 L200 L200 L200 "\n",
	  "1 [a]\n2 k=" L200 L200 L200 L200 L200 "\n" },
	{ "what inih would read as a key at byte 199 is part of the value",
	  "[a]\nk = " L50 L50 L50 L49 "set=x\n", "1 [a]\n2 k=" L50 L50 L50 L49 "set=x\n" },
	{ "an = farther away than inih sees", "[a]\nk" B200 " = v\n", "1 [a]\n2 k=v\n" },
	{ "a ; in a section's name is no comment", "[a ;b]\nk = v\n", "1 [a ;b]\n2 k=v\n" },
	{ "a key of 49 bytes", "[a]\n" L49 " = v\n", "1 [a]\n2 " L49 "=v\n" },
	{ "a section name of 49 bytes", "[" L49 "]\n", "1 [" L49 "]\n" },
	{ "the same key again is told again", "[a]\nk = 1\nk = 2\n", "1 [a]\n2 k=1\n3 k=2\n" },
	{ "the same section again is told again", "[a]\n[a]\n", "1 [a]\n2 [a]\n" },
	{ "the last line need not end in a newline", "[a]\nk = v", "1 [a]\n2 k=v\n" },
	{ "a section may be all of the last line", "[a]", "1 [a]\n" },
	{ "CRLF is a line's end", "[a]\r\nk = v\r\n\r\nl = w\r\n", "1 [a]\n2 k=v\n4 l=w\n" },
	{ "a byte order mark in front is nothing", "\xef\xbb\xbf[a]\nk = v\n", "1 [a]\n2 k=v\n" },
	{ "and before a comment", "\xef\xbb\xbf# c\n[a]\n", "2 [a]\n" },
	{ "bytes that are no ASCII", "[a]\nk = caf\xc3\xa9 \xff\n", "1 [a]\n2 k=caf\xc3\xa9 \xff\n" },

	{ "a line that ends in a backslash goes on, without a blank",
	  "[a]\nk = one,\\\n  two,\\\nthree\nl = w\n", "1 [a]\n2 k=one,two,three\n5 l=w\n" },
	{ "a blank before the backslash stays", "[a]\nk = one \\\ntwo\n", "1 [a]\n2 k=one two\n" },
	{ "a continuation with CRLF", "[a]\r\nk = one\\\r\ntwo\r\n", "1 [a]\n2 k=onetwo\n" },
	{ "a continued line may look like a comment", "[a]\nk = v\\\n# w\nl = x\n",
	  "1 [a]\n2 k=v# w\n4 l=x\n" },
	{ "a comment does not go on", "# one \\\n[a]\n", "2 [a]\n" },
	{ "a continued line may be long", "[a]\nk = " L200 "\\\n" L200 "\n",
	  "1 [a]\n2 k=" L200 L200 "\n" },
	{ "a backslash before a blank is a backslash", "[a]\nk = v\\ \nl = w\n",
	  "1 [a]\n2 k=v\\\n3 l=w\n" },

	{ "quotes around a whole value go", "[a]\nk = \"v ; w # x\"\n", "1 [a]\n2 k=v ; w # x\n" },
	{ "blanks inside the quotes stay", "[a]\nk = \"  v  \"\n", "1 [a]\n2 k=  v  \n" },
	{ "an escaped quote and an escaped backslash inside them",
	  "[a]\nk = \"a\\\"b\\\\c\\d\"\n", "1 [a]\n2 k=a\"b\\c\\d\n" },
	{ "quotes of a part stay, for the verbs to read", "[a]\nk = data \"/srv/my ; data\" ro\n",
	  "1 [a]\n2 k=data \"/srv/my ; data\" ro\n" },
	{ "two quoted parts are not one", "[a]\nk = \"a\" \"b\"\n", "1 [a]\n2 k=\"a\" \"b\"\n" },
	{ "a quoted nothing", "[a]\nk = \"\"\n", "1 [a]\n2 k=\n" },
	{ "a quote alone is a quote", "[a]\nk = 5\" disk\n", "1 [a]\n2 k=5\" disk\n" },
	{ "a ; without a blank before it is a ;", "[a]\nk = a;b#c\n", "1 [a]\n2 k=a;b#c\n" },
	{ "a value may begin with ;", "[a]\nk = ;v\n", "1 [a]\n2 k=;v\n" },
	{ "+= is told as such", "[a]\nk += v\nl+= w\nm +=x\n", "1 [a]\n2 k+=v\n3 l+=w\n4 m+=x\n" },
	{ "what could be an operator is a value behind a blank or in quotes",
	  "[a]\nk = +v\nl = ~v\nm = \"=v\"\nn = a==b\no = a+=b\n",
	  "1 [a]\n2 k=+v\n3 l=~v\n4 m==v\n5 n=a==b\n6 o=a+=b\n" },
	{ "a value that is excluded, without a blank", "[a]\nk =!v\n", "1 [a]\n2 k=!v\n" },
	{ "an option, without a blank", "[a]\nk=-cpu x\n", "1 [a]\n2 k=-cpu x\n" },
	{ "JSON in a value", "[a]\nset = -device x:={\"a\":[1,2]}\n",
	  "1 [a]\n2 set=-device x:={\"a\":[1,2]}\n" },
};

static void reads_what_is_right(void **state)
{
	const struct good *row = *state;
	struct mistakes m = { .arena = &arena };

	assert_text(read_text(row->text, strlen(row->text), &m), row->events);
	assert_text(mistakes_text(&m), "");
}

#define SELF (-1)

static const struct bad {
	const char *name, *text;
	int len; /* of a text with NUL bytes */
	const char *says;
	const char *events; /* the rest of the file is read all the same; NULL: whatever */
} bad[] = {
	{ "a line without =", "[a]\nset\nk = v\n", SELF, "f:2: error: 'set': must be a [section] "
							 "or key = value",
	  "1 [a]\n3 k=v\n" },
	{ "a colon is no =", "[a]\nk: v = w\n", SELF, "f:2: error: ", "1 [a]\n" },
	{ "an operator of a makefile", "[a]\nk := v\nl = w\n", SELF, "f:2: error: ", "1 [a]\n3 l=w\n" },
	{ "one that sets a default", "[a]\nk ?= v\n", SELF,
	  "f:2: error: '?=' is not an operator; write k = VALUE", "1 [a]\n" },
	{ "one that removes", "[a]\nk -= v\n", SELF, "f:2: error: '-=' is not an operator", "1 [a]\n" },
	{ "one without blanks", "[a]\nkey-=v\n", SELF,
	  "f:2: error: '-=' is not an operator; write key = VALUE", "1 [a]\n" },
	{ "one that compares", "[a]\nk == v\n", SELF,
	  "f:2: error: '==' is not an operator; write k = VALUE", "1 [a]\n" },
	{ "one with a blank in it", "[a]\nk = = v\n", SELF, "f:2: error: '= =' is not an operator", "1 [a]\n" },
	{ "one that differs", "[a]\nk != v\n", SELF, "f:2: error: '!=' is not an operator", "1 [a]\n" },
	{ "one that matches", "[a]\nk =~ v\n", SELF, "f:2: error: '=~' is not an operator", "1 [a]\n" },
	{ "one that matches, the other way", "[a]\nk ~= v\n", SELF, "f:2: error: '~=' is not an operator", "1 [a]\n" },
	{ "one that is more or the same", "[a]\nk >= v\n", SELF, "f:2: error: '>=' is not an operator", "1 [a]\n" },
	{ "one that points", "[a]\nk => v\n", SELF, "f:2: error: '=>' is not an operator", "1 [a]\n" },
	{ "one with its halves exchanged", "[a]\nk =+ v\n", SELF, "f:2: error: '=+' is not an operator", "1 [a]\n" },
	{ "the same without a blank", "[a]\nk=+v\n", SELF,
	  "f:2: error: '=+' is not an operator; write k = VALUE", "1 [a]\n" },
	{ "one too many", "[a]\nk ++= v\n", SELF, "f:2: error: '++=' is not an operator", "1 [a]\n" },
	{ "more to add", "[a]\nk +== v\n", SELF, "f:2: error: '+==' is not an operator", "1 [a]\n" },
	{ "nothing to add to", "[a]\n += v\n", SELF, "f:2: error: the value has no key", "1 [a]\n" },
	{ "a value without a key", "[a]\n = v\n", SELF, "f:2: error: the value has no key", "1 [a]\n" },
	{ "a key of 50 bytes", "[a]\n" L50 " = v\n", SELF, "f:2: error: the key has more than 49 bytes",
	  "1 [a]\n" },
	{ "a section name of 50 bytes", "[" L50 "]\n[b]\n", SELF, "f:1: error: the section name has 50 bytes",
	  "1 [" L50 "]\n2 [b]\n" },
	{ "a section without an end", "[a\nk = v\n", SELF, "f:1: error: the section has no ']'",
	  "1 [a]\n2 k=v\n" },
	{ "a section without a name", "[]\n", SELF, "f:1: error: the section has no name", "1 []\n" },
	{ "something behind a section", "[a] k = v\n", SELF, "f:1: error: 'k = v' is not allowed after the ']' of the "
							     "section",
	  "1 [a]\n" },
	{ "a comment behind a value", "[a]\nwhen-name = x ; all of them\n", SELF,
	  "f:2: error: the value contains a blank followed by ';' or '#'", "1 [a]\n" },
	{ "a # behind a value", "[a]\nk = v # w\n", SELF, "f:2: error: the value contains a blank followed by ';' or '#'", "1 [a]\n" },
	{ "a tab before the ;", "[a]\nk = v\t;w\n", SELF, "f:2: error: the value contains a blank followed by ';' or '#'", "1 [a]\n" },
	{ "a comment after a quoted value", "[a]\nk = \"v\" ; w\n", SELF,
	  "f:2: error: the value contains a blank followed by ';' or '#'", "1 [a]\n" },
	{ "a ; after a quote that does not end", "[a]\nk = 5\" ; w\n", SELF,
	  "f:2: error: the value contains a blank followed by ';' or '#'", "1 [a]\n" },
	{ "a continuation with nothing behind it", "[a]\nk = v\\", SELF,
	  "f:2: error: the last line ends in a backslash", "1 [a]\n2 k=v\n" },
	{ "a continuation up to the end of the file", "[a]\nk = v\\\n", SELF,
	  "f:2: error: the last line ends in a backslash", "1 [a]\n2 k=v\n" },
	{ "a mistake in a continued line has the line where it begins",
	  "[a]\n\nk = one,\\\ntwo ; three\n", SELF, "f:3: error: the value contains a blank followed by ';'", "1 [a]\n" },
	{ "a NUL byte in a value", "[a]\nk = v\0w\nl = x\n", 17, "f:2: error: the line contains a NUL byte", NULL },
	{ "a NUL byte in a comment", "[a]\n# \0\n", 8, "f:2: error: the line contains a NUL byte", "1 [a]\n" },
	{ "a NUL byte alone in the last line", "[a]\n\0", 5, "f:2: error: the line contains a NUL byte", "1 [a]\n" },
	{ "an indented key after a vertical tab is not swallowed",
	  "[a]\nwhen-name = x\n\vset = y\n", SELF, "f:3: error: ", NULL },
	{ "nor after a form feed", "[a]\nwhen-name = x\n\fset = y\n", SELF, "f:3: error: ", NULL },
	{ "nor after a carriage return", "[a]\nwhen-name = x\n\rset = y\n", SELF, "f:3: error: ", NULL },
	{ "lines that end in a carriage return alone are one long line", "[a]\rk = v\rl = w\r", SELF,
	  "f:1: error: ", NULL },
	{ "a ; in a key", "[a]\nk ;l = v\n\n\nm = w\n", SELF, "f:2: error: ", NULL },
	{ "an escape that would move the cursor", "[a]\nk = \033[2J\n", SELF,
	  "f:2: error: the line contains a control byte (0x1b)", NULL },
};

static void tells_what_is_wrong(void **state)
{
	const struct bad *row = *state;
	struct mistakes m = { .arena = &arena };
	const char *events = read_text(row->text,
				       row->len == SELF ? strlen(row->text) : (size_t)row->len, &m);

	assert_true(m.errors > 0);
	assert_true(str_starts(mistake_text(&arena, &m.v[0]), row->says));
	for (size_t i = 1; i < m.n; i++)
		assert_int_equal(m.v[i].line, m.v[0].line);
	if (row->events)
		assert_text(events, row->events);
}

static void tells_every_mistake(void **state)
{
	static const char text[] = "[a]\nb\nk = v ; w\n[c\n[]\n";
	struct mistakes m = { .arena = &arena };

	(void)state;
	read_text(text, strlen(text), &m);
	assert_int_equal(m.n, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(m.v[i].line, i + 2);
}

/* A file of the largest size allowed takes no time worth naming. */
static void a_big_file(void **state)
{
	struct strbuf b = { .arena = &arena };
	struct mistakes m = { .arena = &arena };
	const char *events;

	(void)state;
	for (int i = 0; b.len < FILE_MAX - 100; i++)
		strbuf_addf(&b, "[section %d]\nset = -device[driver=x] a=b\n", i);
	events = read_text(b.text, b.len, &m);
	assert_int_equal(m.n, 0);
	assert_true(strlen(events) > FILE_MAX);
}

int main(void)
{
	UNIT_ROWS(good, reads_what_is_right);
	UNIT_ROWS(bad, tells_what_is_wrong);
	UNIT_TEST("every mistake of a file is told", tells_every_mistake);
	UNIT_TEST("a file of a mebibyte is read", a_big_file);
	return unit_run("inifile");
}
