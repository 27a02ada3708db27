/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain/xmltree.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

#include "arena.h"
#include "err.h"
#include "str.h"

#define TEXT_MAX 4096
#define ATTRIBUTES_MAX 256  /* of an element: those of libvirt have up to about 10 */
#define NAMESPACES_MAX 256  /* declared in all: one for each tool that writes metadata */

void xmltree_free(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}

/* ---- reading ---- */

static void cleanup_ctxt(xmlParserCtxt **c)
{
	xmlFreeParserCtxt(*c);
}

#define _cleanup_ctxt_ __attribute__((cleanup(cleanup_ctxt)))

/*
 * libxml2 calls this when it has read the name of a DOCTYPE and before it looks
 * at anything else in it (xmlParseDocTypeDecl() of parser.c): no entity is ever
 * declared, no file ever named. From 2.14 on, a parser that is done knows no line any more.
 */
static void refuse_doctype(void *ctxt, const xmlChar *name, const xmlChar *public_id,
			   const xmlChar *system_id)
{
	xmlParserCtxt *c = ctxt;

	(void)name, (void)public_id, (void)system_id;
	*(int *)c->_private = xmlSAX2GetLineNumber(c);
	xmlStopParser(c);
}

/* libxml2's text is "Opening and ending tag mismatch: a line 1 and b\n", at times more lines. */
static int parser_err(struct arena *a, xmlParserCtxt *c, int doctype, struct err *err)
{
	const xmlError *e = xmlCtxtGetLastError(c);
	const char *text = e && e->message ? e->message : "the XML cannot be read";
	size_t len = strcspn(text, "\n");

	if (doctype)
		return err_set(err, EINVAL, "line %d: a DOCTYPE is not allowed", doctype);
	if (e && e->code == XML_ERR_NO_MEMORY)
		return err_set(err, ENOMEM, "out of memory");
	while (len && strchr(" .!:", text[len - 1]))
		len--;
	return err_set(err, EINVAL, "line %d: %s", e ? e->line : 0,
		       str_printable(a, arena_strndup(a, text, len)));
}

static size_t lines_before(const char *xml, const char *end)
{
	size_t n = 1;

	for (; xml < end; xml++)
		n += *xml == '\n';
	return n;
}

/* The messages of libxml2 for these depend on its version, and do not help. */
static int check_bytes(const char *xml, size_t len, struct err *err)
{
	const char *nul = len ? memchr(xml, '\0', len) : NULL;

	if (len == 0)
		return err_set(err, EINVAL, "line 1: the XML is empty");
	if (len > INT_MAX)
		return err_set(err, EFBIG, "line 1: the XML is too large (%zu bytes)", len);
	if (nul)
		return err_set(err, EINVAL, "line %zu: the XML contains a NUL byte",
			       lines_before(xml, nul));
	for (size_t i = 0, n; i < len; i += n) {
		n = str_utf8_len(xml + i, len - i);
		if (!n)
			return err_set(err, EINVAL,
				       "line %zu: the XML contains bytes that are not UTF-8",
				       lines_before(xml, xml + i));
	}
	return 0;
}

/*
 * The longest tag that a '<' of the text begins. In no tag is a '<', in its values neither, and
 * only a value has a '>': so no start tag has more attributes than this counts, whatever the
 * comments say.
 */
static size_t attributes_of(const char *xml, const char *end, const char **past)
{
	size_t n = 0;
	char quote = 0;

	for (; xml < end && *xml != '<'; xml++) {
		if (quote)
			quote = *xml == quote ? 0 : quote;
		else if (*xml == '"' || *xml == '\'')
			quote = *xml;
		else if (*xml == '>')
			break;
		else
			n += *xml == '=';
	}
	*past = xml;
	return n;
}

/*
 * libxml2 compares each attribute of an element with all before it, and each prefix with all
 * namespaces that are declared: of 400,000 attributes that takes minutes.
 */
static int check_tags(const char *xml, size_t len, struct err *err)
{
	const char *end = xml + len, *at = xml;
	size_t namespaces = 0;

	while ((at = memchr(at, '<', (size_t)(end - at)))) {
		const char *tag = ++at;

		if (attributes_of(tag, end, &at) > ATTRIBUTES_MAX && *tag != '!' && *tag != '?')
			return err_set(err, EINVAL, "line %zu: an element has more than %d attributes",
				       lines_before(xml, tag), ATTRIBUTES_MAX);
		for (; (tag = memmem(tag, (size_t)(at - tag), "xmlns:", 6)); tag += 6)
			if (++namespaces > NAMESPACES_MAX)
				return err_set(err, EINVAL, "line %zu: the XML declares more than %d namespaces",
					       lines_before(xml, tag), NAMESPACES_MAX);
	}
	return 0;
}

/*
 * Never XML_PARSE_HUGE, _NOENT, _DTDLOAD, _XINCLUDE. The encoding is given, so
 * that a declaration in the text cannot choose another one.
 */
int xmltree_read(struct arena *a, const char *xml, size_t len, xmlDoc **doc, struct err *err)
{
	_cleanup_ctxt_ xmlParserCtxt *c = NULL;
	int doctype = 0; /* its line */
	int rc = check_bytes(xml, len, err);

	*doc = NULL;
	if (!rc)
		rc = check_tags(xml, len, err);
	if (rc)
		return rc;
	c = xmlNewParserCtxt();
	if (!c)
		return err_set(err, ENOMEM, "out of memory");
	c->_private = &doctype;
	c->sax->internalSubset = refuse_doctype;
	c->sax->externalSubset = refuse_doctype;
	*doc = xmlCtxtReadMemory(c, xml, (int)len, NULL, "UTF-8",
				 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (*doc && !doctype)
		return 0;
	xmlFreeDoc(*doc);
	*doc = NULL;
	return parser_err(a, c, doctype, err);
}

/* ---- looking ---- */

bool xmltree_is(const xmlNode *node, const char *ns, const char *name)
{
	const char *has;

	if (node->type != XML_ELEMENT_NODE || !str_eq((const char *)node->name, name))
		return false;
	has = node->ns ? (const char *)node->ns->href : NULL;
	return str_same(ns, has);
}

static xmlNode *find(xmlNode *node, const char *ns, const char *name)
{
	while (node && !xmltree_is(node, ns, name))
		node = node->next;
	return node;
}

xmlNode *xmltree_child(const xmlNode *parent, const char *ns, const char *name)
{
	return parent ? find(parent->children, ns, name) : NULL;
}

xmlNode *xmltree_next(const xmlNode *after, const char *ns, const char *name)
{
	return find(after->next, ns, name);
}

/* A copy in the arena of what libxml2 allocated. */
static const char *take(struct arena *a, xmlChar *text)
{
	const char *copy = text ? arena_strdup(a, (const char *)text) : NULL;

	xmlFree(text);
	return copy;
}

const char *xmltree_text(struct arena *a, const xmlNode *node)
{
	return node ? take(a, xmlNodeGetContent(node)) : NULL;
}

const char *xmltree_attr(struct arena *a, const xmlNode *node, const char *name)
{
	return node ? take(a, xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

int xmltree_err(const xmlNode *node, struct err *err, int code, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, code, "line %ld: %s", xmlGetLineNo(node), text);
}

int xmltree_check_text(const xmlNode *node, const char *text, struct err *err)
{
	if (text && strlen(text) > TEXT_MAX)
		return xmltree_err(node, err, EINVAL, "the text of <%s> has more than %d bytes",
				   (const char *)node->name, TEXT_MAX);
	return 0;
}
