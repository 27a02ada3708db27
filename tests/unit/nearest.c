/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nearest.h"

#include "unit.h"

static const struct row {
	const char *name, *word, *hint;
} rows[] = {
	{ "a letter missing", "when-nme", " (did you mean 'when-name'?)" },
	{ "a letter too many", "when-namee", " (did you mean 'when-name'?)" },
	{ "a wrong letter", "when-neme", " (did you mean 'when-name'?)" },
	{ "two neighbours swapped are one slip", "st", " (did you mean 'set'?)" },
	{ "two neighbours swapped at the end", "sdd", " (did you mean 'add'?)" },
	{ "swapped letters of a short word", "ste", " (did you mean 'set'?)" },
	{ "the nearest of several wins", "unste", " (did you mean 'unset'?)" },
	{ "the word itself is nearest to itself", "remove", " (did you mean 'remove'?)" },
	{ "nothing is near", "hypervisor", "" },
	{ "three slips in a long word are near", "descrptoin", " (did you mean 'description'?)" },
	{ "a short word gets one slip, not two", "ad-x", "" },
	{ "a word that is all wrong", "xyz", "" },
	{ "an empty word is near nothing", "", "" },
	{ "a word longer than any", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  "" },
};

static const char *const candidates[] = { "set",  "default",   "unset",	      "add",
					  "remove", "when-name", "description" };

static void hints(void **state)
{
	const struct row *row = *state;
	struct nearest near = { .word = row->word };

	for (size_t i = 0; i < UNIT_COUNT(candidates); i++)
		nearest_try(&near, candidates[i]);
	assert_text(nearest_hint(&arena, &near), row->hint);
}

static void no_candidates(void **state)
{
	struct nearest near = { .word = "set" };

	(void)state;
	assert_text(nearest_hint(&arena, &near), "");
}

/* 63 bytes are compared, 64 are not. */
static void long_words(void **state)
{
	char *word = arena_alloc(&arena, 70), *other = arena_alloc(&arena, 70);
	struct nearest near = { .word = word };

	(void)state;
	memset(word, 'a', 63);
	memset(other, 'a', 62);
	nearest_try(&near, other);
	assert_int_equal(near.distance, 1);
	assert_says(nearest_hint(&arena, &near), "did you mean");
	word[63] = 'a';
	near = (struct nearest){ .word = word };
	nearest_try(&near, other);
	assert_text(nearest_hint(&arena, &near), "");
}

int main(void)
{
	UNIT_ROWS(rows, hints);
	UNIT_TEST("without candidates there is no hint", no_candidates);
	UNIT_TEST("words of up to 63 bytes are compared", long_words);
	return unit_run("nearest");
}
