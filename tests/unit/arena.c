/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include "unit.h"

static const struct piece {
	const char *name;
	size_t size;
} pieces[] = {
	{ "one byte", 1 },
	{ "a word", 8 },
	{ "an odd number of bytes", 17 },
	{ "a page", 4096 },
	{ "just over a quarter of a chunk", 4097 },
	{ "a whole chunk", 16384 },
	{ "a megabyte", 1024 * 1024 },
};

static void zeroed_and_aligned(void **state)
{
	const struct piece *row = *state;

	for (int turn = 0; turn < 3; turn++) {
		unsigned char *p = arena_alloc(&arena, row->size);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < row->size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, row->size);
	}
}

static void nothing(void **state)
{
	(void)state;
	assert_non_null(arena_alloc(&arena, 0));
}

static void pieces_do_not_touch(void **state)
{
	unsigned char *p[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		p[i] = arena_alloc(&arena, i + 1);
		memset(p[i], (int)i, i + 1);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(p[i][j], i);
}

static void copies(void **state)
{
	(void)state;
	assert_text(arena_strdup(&arena, "abc"), "abc");
	assert_text(arena_join(&arena, "/etc", "/kvmshim"), "/etc/kvmshim");
	assert_text(arena_join(&arena, "", ""), "");
	assert_text(arena_strndup(&arena, "abcdef", 3), "abc");
	assert_text(arena_strndup(&arena, "", 0), "");
	assert_memory_equal(arena_strndup(&arena, "a\0b", 3), "a\0b", 4);
}

static void prints(void **state)
{
	char *wide = arena_printf(&arena, "%5000s", "x");

	(void)state;
	assert_text(arena_printf(&arena, "%s:%u", "a.ini", 7u), "a.ini:7");
	assert_int_equal(strlen(wide), 5000);
	assert_text(arena_printf(&arena, "%s", ""), "");
}

static void an_array_keeps_its_elements(void **state)
{
	int *array = NULL;
	size_t n = 0, cap = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		*arena_push(&arena, array, n, cap) = i;
	assert_int_equal(n, 1000);
	assert_true(cap >= n);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
}

static void freed_and_used_again(void **state)
{
	(void)state;
	arena_free(&arena);
	arena_free(&arena);
	assert_text(arena_strdup(&arena, "again"), "again");
}

int main(void)
{
	UNIT_ROWS(pieces, zeroed_and_aligned);
	UNIT_TEST("a piece of no size is a piece all the same", nothing);
	UNIT_TEST("pieces do not touch each other", pieces_do_not_touch);
	UNIT_TEST("a copy is the text, or the first part of it", copies);
	UNIT_TEST("what is printed has the room it needs", prints);
	UNIT_TEST("an array keeps its elements while it grows", an_array_keeps_its_elements);
	UNIT_TEST("an arena can be freed twice, and used again", freed_and_used_again);
	return unit_run("arena");
}
