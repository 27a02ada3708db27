/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/grants.h"
#include "conf/hostdevs.h"
#include "conf/target.h"

struct arena;
struct err;

/*
 * The facts of a VM. The wrapper reads them from argv, the hook from the domain XML. A fact
 * may have several values (the devices passed through; a project's name and id) or none,
 * and may be unknown.
 */
enum fact {
	FACT_NAME,
	FACT_UUID,
	FACT_HOST,
	FACT_MACHINE,
	FACT_ARCH,
	FACT_ACCEL,
	FACT_CPU,
	FACT_PCI,
	FACT_FLAVOR,
	FACT_PROJECT,
	FACT_USER,
	FACT_INSTANCE,
	FACT_OPTION, /* answered by a callback, not by values */
	FACT_COUNT,
};

/* Can the hook read this fact from the domain XML as well as the wrapper from argv? */
bool fact_is_shared(enum fact fact);

struct fact_values {
	bool known;
	const char **v;
	size_t n, cap;
};

struct facts {
	struct fact_values of[FACT_COUNT];
	/* Does an option exist that this target means? For FACT_OPTION. */
	bool (*has_option)(const void *cmdline, const struct target *t);
	const void *cmdline;
	struct grants grants;
	struct hostdev_facts hostdevs;
};

void fact_add(struct arena *a, struct facts *f, enum fact fact, const char *value);

/* A value of a condition: a glob, or for when-option a target. */
struct pattern {
	bool negated;
	const char *glob;
	struct target target;
	const char *text; /* as the admin wrote it */
	unsigned line;
};

struct condition {
	enum fact fact;
	unsigned line;
	bool quoted; /* a value of it was in "quotes": blanks in it are meant */
	struct pattern *patterns;
	size_t n, cap;
};

enum verdict { COND_FAILS, COND_HOLDS, COND_UNKNOWN };

/* "when-name", … in the order of enum fact. */
extern const char *const condition_keys[FACT_COUNT];

/* Adds the patterns of the value in this line of the file. 0 or -EINVAL. */
int condition_add(struct arena *a, struct condition *c, const char *value, unsigned line,
		  struct err *err);

/*
 * A condition is true if no negated pattern matches and, if it has positive patterns, one
 * of them matches. An unknown fact is COND_UNKNOWN, negated or not.
 */
enum verdict condition_eval(const struct condition *c, const struct facts *f);

/*
 * Does the condition name what it is true for? A condition of negated patterns only does not, and
 * none with a pattern that all values match, such as * or ?*.
 */
bool condition_restricts(const struct condition *c);

/* The condition as written, for messages. */
const char *condition_text(struct arena *a, const struct condition *c);
