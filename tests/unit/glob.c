/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "glob.h"

#include "unit.h"

static const struct match {
	const char *name, *pattern, *text;
	bool want;
} matches[] = {
	{ "a plain text matches itself", "pc-q35-7.2", "pc-q35-7.2", true },
	{ "and nothing else", "pc-q35-7.2", "pc-q35-7.20", false },
	{ "case counts", "PC", "pc", false },
	{ "a star is any text", "instance-*", "instance-0000002a", true },
	{ "a star is also no text", "instance-*", "instance-", true },
	{ "a star in front", "*-pci", "virtio-net-pci", true },
	{ "a star in the middle", "virtio-*-pci", "virtio-net-pci", true },
	{ "a star goes back and tries again", "a*bc", "abxbxbc", true },
	{ "two stars", "*a*", "bab", true },
	{ "two stars side by side", "a**b", "ab", true },
	{ "a star alone matches nothing too", "*", "", true },
	{ "what follows the star must be there", "a*b", "aaaa", false },
	{ "a question mark is one byte", "pc-i440fx-rhel7.?.0", "pc-i440fx-rhel7.6.0", true },
	{ "not two", "rhel7.?.0", "rhel7.10.0", false },
	{ "not none", "a?", "a", false },
	{ "an escaped star is a star", "a\\*b", "a*b", true },
	{ "and no wildcard", "a\\*b", "axb", false },
	{ "an escaped question mark", "a\\?", "a?", true },
	{ "an escaped question mark is no wildcard", "a\\?", "ab", false },
	{ "an escaped backslash", "a\\\\b", "a\\b", true },
	{ "an escaped letter is the letter", "\\a", "a", true },
	{ "a backslash at the end is itself", "a\\", "a\\", true },
	{ "a star after an escaped star", "\\**", "*x", true },
	{ "brackets mean nothing", "[ab]", "a", false },
	{ "brackets match themselves", "[ab]", "[ab]", true },
	{ "an empty pattern matches nothing", "", "", true },
	{ "an empty pattern does not match a text", "", "a", false },
	{ "bytes that are no text", "\xff*", "\xff\xfe", true },
	{ "a star in the text is no wildcard", "a", "*", false },
};

static void matches_text(void **state)
{
	const struct match *row = *state;

	assert_int_equal(glob_match(row->pattern, row->text), row->want);
}

static const struct match nocase[] = {
	{ "hex digits of either case are the same", "10DE:*", "10de:1b06", true },
	{ "the text may be the one in capitals", "10de:1b06", "10DE:1B06", true },
	{ "another text is another text all the same", "10de:1b07", "10DE:1B06", false },
	{ "an escaped letter has no case either", "\\A", "a", true },
};

static void matches_without_case(void **state)
{
	const struct match *row = *state;

	assert_int_equal(glob_match_nocase(row->pattern, row->text), row->want);
}

static const struct match dashes[] = {
	{ "a dash is an underscore", "nvidia-gpu", "nvidia_gpu", true },
	{ "an underscore is a dash", "mlx5_*", "mlx5-core", true },
	{ "an escaped dash too", "a\\-b", "a_b", true },
	{ "letters have a case", "A-b", "a_b", false },
	{ "nothing is no dash", "a-b", "ab", false },
};

static void matches_dashes(void **state)
{
	const struct match *row = *state;

	assert_int_equal(glob_match_dashes(row->pattern, row->text), row->want);
}

/* A pattern from hell takes length times length steps, not two to the power of it. */
static void many_stars_end(void **state)
{
	char *text = arena_alloc(&arena, 20001);
	char *pattern = arena_alloc(&arena, 203);

	(void)state;
	memset(text, 'a', 20000);
	for (size_t i = 0; i < 200; i += 2)
		memcpy(pattern + i, "a*", 2);
	pattern[200] = 'b';
	assert_false(glob_match(pattern, text));
}

static void knows_wildcards(void **state)
{
	(void)state;
	assert_true(glob_is_plain("0000:05:00.0"));
	assert_true(glob_is_plain(""));
	assert_false(glob_is_plain("05:*"));
	assert_false(glob_is_plain("05:00.?"));
	assert_false(glob_is_plain("05\\:00.0"));
}

static const struct address {
	const char *name, *a, *b;
	bool want;
} addresses[] = {
	{ "an address equals itself", "0000:05:00.0", "0000:05:00.0", true },
	{ "the domain may be left out", "05:00.0", "0000:05:00.0", true },
	{ "leading zeros may be left out", "5:0.0", "0000:05:00.0", true },
	{ "the function may be left out", "05:00", "0000:05:00.0", true },
	{ "another function is another device", "05:00.1", "05:00.0", false },
	{ "another domain is another device", "0001:05:00.0", "05:00.0", false },
	{ "a slot with and without 0x", "0x2", "02", true },
	{ "a slot and its function 0", "2", "0x2.0x0", true },
	{ "a slot and another function", "0x2.0x1", "02.1", true },
	{ "slots are hex: 10 is sixteen", "10", "0x10", true },
	{ "slot 10 is not slot 0xa", "10", "0xa", false },
	{ "capitals", "0000:0A:00.0", "0000:0a:00.0", true },
	{ "a domain of more than 16 bits", "10000:e1:00.0", "010000:e1:00.0", true },
	{ "a slot of bus 5 is not slot of bus 0", "05:02.0", "02.0", false },
	{ "a word is no address", "gpu", "gpu", false },
	{ "nothing is no address", "", "", false },
	{ "a separator too many", "05::00.0", "05:00.0", false },
	{ "a separator at the end", "05:00.", "05:00.0", false },
	{ "two dots", "1.2.3", "1.2.3", false },
	{ "a colon after the dot", "1.2:3", "1.2:3", false },
	{ "four numbers and no function are too many", "1:2:3:4", "1:2:3:4", false },
	{ "five numbers are too many", "0:0:5:0.0", "0:0:5:0.0", false },
	{ "0x with no digits", "0x", "0", false },
	{ "a blank is not skipped", " 5", "5", false },
	{ "a sign is no digit", "-5", "-5", false },
};

static void compares_addresses(void **state)
{
	const struct address *row = *state;

	assert_int_equal(hexaddr_equal(row->a, row->b), row->want);
	assert_int_equal(hexaddr_equal(row->b, row->a), row->want);
}

int main(void)
{
	UNIT_ROWS(matches, matches_text);
	UNIT_ROWS(nocase, matches_without_case);
	UNIT_ROWS(dashes, matches_dashes);
	UNIT_TEST("a pattern of a hundred stars comes to an end", many_stars_end);
	UNIT_TEST("a pattern without wildcards is told from one with", knows_wildcards);
	UNIT_ROWS(addresses, compares_addresses);
	return unit_run("glob");
}
