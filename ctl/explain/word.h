/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/* A word of a command line, for a terminal; in quotes if it is empty or has a blank at its ends. */
const char *explain_word(struct arena *a, const char *word);

/* explain_word() of two values of one option, what differs between them bold. */
void explain_embolden(struct arena *a, const char **before, const char **after);
