/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct command;

/* Prints to stdout what a command does, its options and examples; returns CTL_FINE. */
int help_print(struct arena *a, const struct command *command);

/* The lines of a text to stdout: first is before the first line, next before each other. */
void help_lines(const char *first, const char *next, const char *text);
