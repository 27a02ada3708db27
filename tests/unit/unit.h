/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the unit tests share. A test is a table: an array of rows whose member
 * `name` is a sentence, and one function that holds each row to be true.
 *
 *	static const struct { const char *name, *text, *want; } rows[] = { … };
 *
 *	static void a_row_holds(void **state)
 *	{
 *		const struct row *row = *state;
 *		…
 *	}
 *
 *	int main(void)
 *	{
 *		UNIT_ROWS(rows, a_row_holds);
 *		UNIT_TEST("an empty arena can be freed", frees_nothing);
 *		return unit_run("arena");
 *	}
 *
 * Each test has the arena for itself; it is emptied afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define UNIT_MAX 1024
#define UNIT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;
static struct CMUnitTest unit_tests[UNIT_MAX];
static size_t unit_n;

static int unit_teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void unit_add(const char *name, CMUnitTestFunction f, const void *row)
{
	if (unit_n == UNIT_MAX)
		fail_msg("more than %d tests in one program", UNIT_MAX);
	unit_tests[unit_n++] = (struct CMUnitTest){
		.name = name,
		.test_func = f,
		.teardown_func = unit_teardown,
		.initial_state = (void *)(uintptr_t)row,
	};
}

#define UNIT_TEST(sentence, f) unit_add((sentence), (f), NULL)
#define UNIT_ROWS(rows, f)                                              \
	do {                                                            \
		for (size_t row_ = 0; row_ < UNIT_COUNT(rows); row_++)  \
			unit_add((rows)[row_].name, (f), &(rows)[row_]); \
	} while (0)

static inline int unit_run(const char *module)
{
	return _cmocka_run_group_tests(module, unit_tests, unit_n, NULL, NULL);
}

/* Two texts of which each may be NULL. */
static inline void unit_same_text(const char *got, const char *want, const char *file, int line)
{
	if (got && want)
		_assert_string_equal(got, want, file, line);
	if (!got != !want) {
		print_error("%s, not %s\n", got ? got : "NULL", want ? want : "NULL");
		_fail(file, line);
	}
}

#define assert_text(got, want) unit_same_text((got), (want), __FILE__, __LINE__)

/* Does the text hold this piece? What a message says, without its every word. */
static inline void unit_says(const char *text, const char *piece, const char *file, int line)
{
	if (text && strstr(text, piece))
		return;
	print_error("'%s' does not say '%s'\n", text ? text : "NULL", piece);
	_fail(file, line);
}

#define assert_says(text, piece) unit_says((text), (piece), __FILE__, __LINE__)
