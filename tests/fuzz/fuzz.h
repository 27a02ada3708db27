/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the fuzzers share. A fuzzer holds properties, not only that nothing
 * crashes: must() stops it, and libFuzzer keeps the input.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition, ...)                                            \
	do {                                                            \
		if (!(condition)) {                                     \
			fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
			fprintf(stderr, __VA_ARGS__);                   \
			fputc('\n', stderr);                            \
			abort();                                        \
		}                                                       \
	} while (0)

/*
 * Cuts the input at newlines into words for a command line or the fields of a
 * case. A byte 01 stands for a newline inside a word; NUL ends the input, as
 * no word of an argv can hold one.
 */
static inline void fuzz_words(struct arena *a, const uint8_t *data, size_t size, struct strv *words)
{
	char *text = arena_strndup(a, (const char *)data, size);

	for (;;) {
		size_t len = strcspn(text, "\n");
		bool last = text[len] == '\0';

		text[len] = '\0';
		for (char *p = text; (p = strchr(p, 1));)
			*p = '\n';
		strv_push(a, words, text);
		if (last)
			return;
		text += len + 1;
	}
}
