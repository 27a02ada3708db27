/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/*
 * The mistakes in the admin's files. All mistakes of all files are collected, then shown:
 * FILE:LINE: error: sentence. Warnings are for `kvmshim check` only; they stop nothing.
 */
struct mistake {
	const char *file;
	unsigned line; /* 0: the file as a whole */
	const char *text;
	bool warning;
};

struct mistakes {
	struct arena *arena;
	struct mistake *v;
	size_t n, cap;
	size_t errors; /* how many are not warnings */
};

void mistake_add(struct mistakes *m, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void mistake_warn(struct mistakes *m, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* By file and line; what was found first at one place stays first. */
void mistakes_sort(struct mistakes *m);

/* "FILE:LINE: error: sentence", without a newline, fit for a terminal. */
const char *mistake_text(struct arena *a, const struct mistake *m);
