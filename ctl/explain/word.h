/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/* A word of a command line, fit for a terminal, with quotes where it would not be seen whole. */
const char *explain_word(struct arena *a, const char *word);

/* explain_word() of two values of one option, what differs between them bold. */
void explain_embolden(struct arena *a, const char **before, const char **after);
