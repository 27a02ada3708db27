/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "str.h"

struct doctor;

/* GRADE_UNSEEN: this user cannot read it. */
enum grade { GRADE_OK, GRADE_WARN, GRADE_FAIL, GRADE_UNSEEN, GRADE_COUNT };

/* The result of a check: the state, and the line that fixes it; NULL: none. */
struct row {
	enum grade grade;
	const char *seen, *fix;
};

/* Makers of rows. fix may be NULL. */
struct row row_ok(const struct doctor *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct row row_warn(const struct doctor *d, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct row row_fail(const struct doctor *d, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct row row_unseen(const struct doctor *d, const char *what);

/* A list in one row: "a; b; c; d; and 4 more". */
struct row_texts {
	struct strbuf text;
	size_t n;
};

void row_add(const struct doctor *d, struct row_texts *t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const char *row_list(const struct doctor *d, const struct row_texts *t);
