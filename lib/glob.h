/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* `*` any run of bytes, `?` any one byte, `\` takes the next byte as it is. */
bool glob_match(const char *pattern, const char *text);
bool glob_match_nocase(const char *pattern, const char *text);
/* `-` and `_` alike, as in the names of modules. */
bool glob_match_dashes(const char *pattern, const char *text);

/* No wildcard in it: it can match one text only. */
bool glob_is_plain(const char *pattern);

/*
 * Hex numbers joined by ':' and '.', such as PCI addresses (0000:05:00.0,
 * 5:0.0) and the addr of a -device (0x2.0x1): equal as numbers? A missing PCI
 * domain is 0, a missing function is 0.
 */
bool hexaddr_equal(const char *a, const char *b);
