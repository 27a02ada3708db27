/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain/xmltree.h"

#include <errno.h>
#include <unistd.h>

#include <libxml/tree.h>

#include "err.h"
#include "str.h"
#include "unit.h"

static const struct row {
	const char *name, *xml, *want;
} bad[] = {
	{ "nothing", "", "line 1: the XML is empty" },
	{ "blanks", " \n ", "line 2: " },
	{ "no XML", "hello", "line 1: Start tag expected" },
	{ "a text cut short", "<a>\n<b c=", "line 2: " },
	{ "tags that do not fit", "<x>\n<a>\n</b></x>",
	  "line 3: Opening and ending tag mismatch: a line 2 and b" },
	{ "two elements at the top", "<a/>\n<a/>", "line 2: Extra content" },
	{ "an attribute twice", "<a>\n<b c='1' c='2'/></a>", "line 2: Attribute c redefined" },
	{ "bytes that are not UTF-8", "<a>\n\xff</a>", "line 2: the XML contains bytes that are not UTF-8" },
	{ "Latin-1, although it says so", "<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>\xe4</a>",
	  "line 2: the XML contains bytes that are not UTF-8" },
	{ "a control byte", "<a>\n\033[2J</a>", "line 2: PCDATA invalid Char value 27" },
	{ "an entity that nobody declared", "<a>\n&b;</a>", "line 2: Entity 'b' not defined" },
	{ "a DOCTYPE", "<!DOCTYPE a>\n<a/>", "line 1: a DOCTYPE is not allowed" },
	{ "an entity of its own", "<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>", "a DOCTYPE" },
	{ "a file for an entity", "\n<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
	  "line 2: a DOCTYPE" },
	{ "a file for a DTD", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "a DOCTYPE" },
	{ "parameter entities", "<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1:1/'> %b;]><a/>",
	  "a DOCTYPE" },
	{ "a DOCTYPE cut short", "<!DOCTYPE a [<!ENTITY", "a DOCTYPE" },
	{ "a billion laughs",
	  "<!DOCTYPE d [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
	  "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
	  "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'>"
	  "]><d>&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;</d>",
	  "a DOCTYPE" },
};

static void assert_refused(const char *xml, size_t len, const char *says)
{
	xmlDoc *doc = (xmlDoc *)&arena;
	struct err err = { 0 };

	assert_int_equal(xmltree_read(&arena, xml, len, &doc, &err), -EINVAL);
	assert_null(doc);
	assert_int_equal(err.code, EINVAL);
	assert_true(str_starts(err.text, "line "));
	assert_null(strpbrk(err.text, "\n\033"));
	assert_says(err.text, says);
}

static void refuses(void **state)
{
	const struct row *row = *state;

	assert_refused(row->xml, strlen(row->xml), row->want);
}

static void refuses_nul(void **state)
{
	static const char xml[] = "<a>\n\0</a>";

	(void)state;
	assert_refused(xml, sizeof(xml) - 1, "line 2: the XML contains a NUL byte");
	assert_refused("<a/>", 5, "line 1: the XML contains a NUL byte");
}

static void end_is_len(void **state)
{
	static const char xml[] = "<a>b</a><rest>";
	_cleanup_xml_ xmlDoc *doc = NULL;

	(void)state;
	for (size_t len = 0; len < strlen("<a>b</a>"); len++)
		assert_refused(xml, len, "line 1: ");
	assert_int_equal(xmltree_read(&arena, xml, strlen("<a>b</a>"), &doc, NULL), 0);
}

/* n times the same. */
static const char *many(const char *piece, size_t n)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < n; i++)
		strbuf_add(&b, piece);
	return strbuf_text(&b);
}

/* libxml2 allows a depth of 256, and of 2048 from 2.14 on. */
static void holds_limits(void **state)
{
	const char *deep = many("<a>\n", 3000);
	const char *name = arena_printf(&arena, "<%s/>", many("a", 1000000));
	const char *attribute = arena_printf(&arena, "<a %s='1'/>", many("b", 1000000));

	(void)state;
	assert_refused(deep, strlen(deep), "Excessive depth");
	assert_refused(name, strlen(name), "line 1: ");
	assert_refused(attribute, strlen(attribute), "line 1: ");
}

/* In each a # is its number. */
static const char *repeated(const char *before, const char *what, size_t n, const char *after)
{
	struct strbuf b = { .arena = &arena };
	size_t front = strcspn(what, "#");

	strbuf_add(&b, before);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&b, "%.*s%zu%s", (int)front, what, i, what + front + 1);
	strbuf_add(&b, after);
	return b.text;
}

/* Each is refused before libxml2 reads it: it would take minutes for the last. */
static void too_many(void **state)
{
	static const struct {
		const char *before, *what, *after, *says;
		size_t most;
	} rows[] = {
		{ "<a>\n<b", " c#=''", "/></a>", "line 2: an element has more than 256 attributes", 256 },
		{ "<a>\n<b d='>'", " c# = \"'>\"", ">=</b></a>", "line 2: an element has more than 256 attributes", 255 },
		{ "<!-- \" --><a><!-- ' -->\n<b", " c#=''", "/></a>", "line 2: an element has more", 256 },
		{ "<a>\n", "<b xmlns:c#='u'/>", "</a>", "line 2: the XML declares more than 256 namespaces", 256 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		const char *text = repeated(rows[i].before, rows[i].what, rows[i].most, rows[i].after);
		_cleanup_xml_ xmlDoc *doc = NULL;
		struct err err = { 0 };

		assert_int_equal(xmltree_read(&arena, text, strlen(text), &doc, &err), 0);
		text = repeated(rows[i].before, rows[i].what, rows[i].most + 1, rows[i].after);
		assert_refused(text, strlen(text), rows[i].says);
		text = repeated(rows[i].before, rows[i].what, 400000, rows[i].after);
		assert_refused(text, strlen(text), rows[i].says);
	}
}

/* No attributes, however they look. */
static void equals_signs(void **state)
{
	const char *text = repeated("<a><!-- ", "====#", 300, " --><b c='>'>");
	_cleanup_xml_ xmlDoc *doc = NULL;
	struct err err = { 0 };

	(void)state;
	text = repeated(text, "a=# ", 300, "</b><![CDATA[<");
	text = repeated(text, " =#", 200, "]]></a>");
	assert_int_equal(xmltree_read(&arena, text, strlen(text), &doc, &err), 0);
}

static void prints_nothing(void **state)
{
	int pair[2], saved = dup(STDERR_FILENO);
	char c;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	dup2(pair[1], STDERR_FILENO);
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		assert_refused(bad[i].xml, strlen(bad[i].xml), "line ");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pair[1]);
	assert_int_equal(read(pair[0], &c, 1), 0);
	close(pair[0]);
}

static void finds(void **state)
{
	static const char xml[] = "\xef\xbb\xbf<a xmlns:x='urn:x'>t<!-- b --><x:b>1</x:b>\n<b>2&lt;</b><c/><b d='&amp;' x:e='5'/></a>";
	_cleanup_xml_ xmlDoc *doc = NULL;
	const xmlNode *a, *b;
	struct err err;

	(void)state;
	assert_int_equal(xmltree_read(&arena, xml, strlen(xml), &doc, &err), 0);
	a = xmlDocGetRootElement(doc);
	assert_true(xmltree_is(a, NULL, "a") && !xmltree_is(a, "urn:x", "a"));
	assert_text(xmltree_text(&arena, xmltree_child(a, "urn:x", "b")), "1");
	b = xmltree_child(a, NULL, "b");
	assert_text(xmltree_text(&arena, b), "2<");
	assert_int_equal(xmltree_err(b, &err, ENOENT, "no %s", "x"), -ENOENT);
	assert_text(err.text, "line 2: no x");
	b = xmltree_next(b, NULL, "b");
	assert_text(xmltree_attr(&arena, b, "d"), "&");
	assert_text(xmltree_attr(&arena, b, "e"), NULL);
	assert_text(xmltree_text(&arena, b), "");
	assert_null(xmltree_next(b, NULL, "b"));
	assert_null(xmltree_child(NULL, NULL, "b"));
	assert_null(xmltree_text(&arena, NULL));
	assert_null(xmltree_attr(&arena, NULL, "d"));
}

int main(void)
{
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("a NUL byte", refuses_nul);
	UNIT_TEST("the text ends where len says", end_is_len);
	UNIT_TEST("libxml2's limits hold", holds_limits);
	UNIT_TEST("more attributes or namespaces than a domain has", too_many);
	UNIT_TEST("equals signs that are no attributes", equals_signs);
	UNIT_TEST("libxml2 prints nothing", prints_nothing);
	UNIT_TEST("elements, attributes and text are found", finds);
	return unit_run("xmltree");
}
