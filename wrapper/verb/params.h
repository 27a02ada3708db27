/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

struct action;
struct arena;
struct err;
struct names;

/* The words of a high verb, sorted: what stands by place, flags, key=value. */
struct params {
	const char *place[2];
	size_t n_places;
	struct strv flags;
	struct strv keys, values;
};

/* The arguments of a high verb. */
struct params_form {
	const char *usage;		/* for messages */
	size_t places;			/* exactly so many */
	const char *const *flags;	/* NULL-terminated; may be NULL */
	const char *const *keys;	/* likewise */
	bool any_key;			/* properties that go to QEMU as they are */
};

/* names NULL: no VM exists yet; %n and the like are only checked then. */
int params_parse(struct arena *a, const struct action *action, const struct params_form *form,
		 const struct names *names, struct params *p, struct err *err);

const char *params_get(const struct params *p, const char *key);
/* in-use=yes: 0, or -EINVAL for another value. For the check of a verb that has the key. */
int params_check_in_use(const struct params *p, struct err *err);

bool params_has(const struct params *p, const char *flag);
