/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

struct grants;
struct root;

/* What a verb knows besides the command line. */
struct names {
	/* %n, %u and %h; NULL where the command line does not say */
	const char *name, *uuid, *host;
	/* for the verbs that pass host devices on */
	const struct root *root;
	struct grants *grants;
};

/* How a value is made safe for where it is put. May return NULL: cannot be carried. */
typedef const char *expand_quote(struct arena *a, const char *value);

/*
 * text with %n (name), %u (UUID), %h (host) and %% replaced. A name with '/' in
 * it or a leading '.' is refused, because names of domains come from tenants
 * and %n ends up in paths. quote may be NULL. 0 or -EINVAL.
 */
int expand(struct arena *a, const struct names *names, const char *text, expand_quote *quote,
	   const char **out, struct err *err);

/* Is every % in it one that expand() knows? For rule files, before there is a VM. */
int expand_check(const char *text, struct err *err);
