/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

/*
 * Writes a file for others to read, whole or not at all: a temporary one beside it
 * (.NAME.XXXXXX, so that nobody takes it for the file), then renamed over it. Who reads the old
 * one goes on reading it. 0644. Of a link the file that it leads to. Standard output, a
 * character device or a FIFO at the path is written to and stays; all else that is no regular
 * file is refused. 0, or -errno with a sentence.
 */
int publish(struct arena *a, const char *path, const char *text, struct err *err);
