/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct command;
struct option_row;

/* The row of --help, which every command has. */
extern const struct option_row help_row;

/* Prints to stdout what a command does, its options and examples; returns CTL_FINE. */
int help_print(struct arena *a, const struct command *command);

/* The lines of a text to stdout: first is before the first line, next before each other. */
void help_lines(const char *first, const char *next, const char *text);
