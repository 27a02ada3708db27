/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;
struct strv;

/*
 * Takes a value apart at blanks; "…" keeps blanks together, and \" and \\ are
 * known inside. A word may be quoted in part: security="mapped-xattr".
 * 0 or -EINVAL.
 */
int words_parse(struct arena *a, const char *value, struct strv *words, struct err *err);
