/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct _xmlDoc; /* libxml/tree.h: xmlDoc, xmlNode */
struct _xmlNode;
struct arena;
struct err;

/*
 * XML as a tree, read without trust: no DOCTYPE and so no entities of its own,
 * no network, libxml2's own limits on depth and names, nothing printed. ns is
 * the URI of a namespace, NULL for "in none".
 */

/* Frees a tree at the end of its block. */
void xmltree_free(struct _xmlDoc **doc);

#define _cleanup_xml_ __attribute__((cleanup(xmltree_free)))

/* UTF-8 text of len bytes. 0, or -errno and "line 12: …" in err; *doc is NULL then. */
int xmltree_read(struct arena *a, const char *xml, size_t len, struct _xmlDoc **doc, struct err *err);

/* The first child element of this name, or the next one after `after`; NULL: none. */
struct _xmlNode *xmltree_child(const struct _xmlNode *parent, const char *ns, const char *name);
struct _xmlNode *xmltree_next(const struct _xmlNode *after, const char *ns, const char *name);

/* Is the element of this name and namespace? */
bool xmltree_is(const struct _xmlNode *node, const char *ns, const char *name);

/* All text of an element, or of an attribute in no namespace; NULL if it does not exist. */
const char *xmltree_text(struct arena *a, const struct _xmlNode *node);
const char *xmltree_attr(struct arena *a, const struct _xmlNode *node, const char *name);

/*
 * 0, or -EINVAL where the text (NULL: none) is longer than any that we take: names of files, 255
 * characters of Nova's. All facts together have to fit into facts.json.
 */
int xmltree_check_text(const struct _xmlNode *node, const char *text, struct err *err);

/* err_set() with "line 12: " of this element in front. */
int xmltree_err(const struct _xmlNode *node, struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
