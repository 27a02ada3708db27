/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct arena;
struct err;

/*
 * The target of a verb or a when-option: -OPTION[key=glob,…]. Only the form is known here.
 * The wrapper knows which options exist, and what a key means.
 */
struct selkey {
	const char *key;
	const char *glob;
};

struct target {
	const char *option; /* without dashes */
	struct selkey *keys;
	size_t n;
};

/*
 * Reads a target at the start of text and sets *rest to what follows it,
 * blanks skipped. The selector ends at the first ']' that a blank or the end
 * of the text follows; `\,` is a comma inside a glob. 0 or -EINVAL.
 */
int target_parse(struct arena *a, const char *text, struct target *t, const char **rest,
		 struct err *err);
