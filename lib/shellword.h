/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/*
 * A word as a POSIX shell reads it back as this one word, for commands that people paste: names of
 * VMs, paths and units come from others. A word of plain letters stays as it is. A word that
 * begins with '-' has "--" in front, so that it is no option.
 */
const char *shellword(struct arena *a, const char *word);

/* The same behind the '=' of an option: --qemu=VALUE. */
const char *shellword_value(struct arena *a, const char *word);
