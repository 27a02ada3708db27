/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct settings;

/* Which parser of QEMU's reads the option's value. */
enum syntax {
	SYNTAX_NONE,   /* a flag */
	SYNTAX_RAW,    /* one string, nothing is special in it */
	SYNTAX_OPTS,   /* QemuOpts: k=v,k2=v2 with `,,`, bare keys (util/qemu-option.c) */
	SYNTAX_KEYVAL, /* keyval: the same without bare keys (util/keyval.c) */
	SYNTAX_CPU,    /* model,f=v,+f,-f: no escape for a comma (target/i386/cpu.c) */
	SYNTAX_GLOBAL, /* driver.property=value, or QemuOpts */
};

/* The meaning of a second use of the option. */
enum repeat {
	REPEAT_ADD,   /* one thing more */
	REPEAT_LAST,  /* the last use is the only one that counts */
	REPEAT_MERGE, /* all uses fill one set of keys */
};

enum {
	OPT_JSON = 1,	   /* a value that begins with `{` is JSON (some version) */
	OPT_HELP = 2,	   /* help or ? as a value prints a list, and QEMU exits */
	OPT_HOST_ONLY = 4, /* the guest cannot see it */
	OPT_UNDERSCORE = 8, /* `_` and `-` in its keys are the same */
	OPT_FIRST_ID = 16, /* of several id= the first counts: QemuOpts */
	OPT_FLAT = 32,	   /* a dot in a JSON key is part of the name, not a path */
	OPT_CHARDEV = 64,  /* a character device in one string, which has its own commas */
};

struct qemuopt {
	const char *name; /* without dashes */
	enum syntax syntax;
	enum repeat repeat;
	unsigned flags;
	const char *implied; /* the key of a first value without one, or NULL */
	/* -M is another name of machine; -enable-kvm means machine accel=kvm */
	const char *means, *means_key, *means_value;
};

static inline bool qemuopt_has_arg(const struct qemuopt *o)
{
	return o->syntax != SYNTAX_NONE;
}

/* The options of QEMU 2.0 to 10.2 and the admin's extra-options. */
struct qemuopts {
	const struct qemuopt *extra;
	size_t n_extra;
};

struct qemuopts qemuopts_with(struct arena *a, const struct settings *s);

/* name without dashes, exact and case-sensitive as lookup_opt() of QEMU's vl.c; NULL if unknown. */
const struct qemuopt *qemuopt_find(const struct qemuopts *o, const char *name);

/* A row of the table only, by its name; NULL if it has none. */
const struct qemuopt *qemuopt_builtin(const char *name);

/* The option itself, or the option that it is another name for (M: machine). */
static inline const struct qemuopt *qemuopt_canonical(const struct qemuopt *o)
{
	return o->means && !o->means_key ? qemuopt_builtin(o->means) : o;
}

/* " (did you mean '-device'?)" or "". */
const char *qemuopt_hint(struct arena *a, const char *name);

/* The whole table, sorted by name; for tests and `check --qemu`. */
const struct qemuopt *qemuopt_table(size_t *n);
