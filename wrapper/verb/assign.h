/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wrapper/line/qemuopt.h"

struct arena;
struct err;

/* The text after -OPTION in set and default: properties and their new values. */
struct assign {
	const char *key;
	const char *value; /* decoded, %n and the like still in it */
	bool typed;	   /* key:=JSON */
};

struct assigns {
	struct assign *v;
	size_t n, cap;
};

/*
 * Reads `rest` in the option's own syntax: k=v,k2=v2 with `,,` for a comma; in
 * -cpu also +f and -f; of a raw option value=…; of -global driver.property=….
 * 0 or -EINVAL.
 */
int assigns_parse(struct arena *a, const struct qemuopt *opt, const char *rest, struct assigns *as,
		  struct err *err);

/* The text after -OPTION in unset: names with commas. Values are NULL. */
int assigns_parse_keys(struct arena *a, const struct qemuopt *opt, const char *rest,
		       struct assigns *as, struct err *err);
