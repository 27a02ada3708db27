/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

struct grants;
struct root;

/* A verb knows these values and the command line. */
struct names {
	/* %n, %u and %h; NULL where the command line does not say */
	const char *name, *uuid, *host;
	/* for the verbs that pass host devices on */
	const struct root *root;
	struct grants *grants;
};

/* Makes a value safe for its place in a text. May return NULL: the place cannot carry it. */
typedef const char *expand_quote(struct arena *a, const char *value);

/*
 * text with %n (name), %u (UUID), %h (host) and %% replaced. A name with '/' in
 * it or a leading '.' is refused, because names of domains come from tenants
 * and %n ends up in paths. quote may be NULL. 0 or -EINVAL.
 */
int expand(struct arena *a, const struct names *names, const char *text, expand_quote *quote,
	   const char **out, struct err *err);

/* Does expand() know every % in the text? For rule files, before a VM exists. */
int expand_check(const char *text, struct err *err);
