/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

/*
 * Writes a file that other programs read (mode 0644), completely or not at all: a temporary file
 * beside it (.NAME.XXXXXX, so that no program takes it for the file) is renamed over it. A
 * program that has the old file open continues to read the old file. If the path is a link, the
 * file that it leads to is written. Standard output, a character device or a FIFO is written to
 * and stays; every other file that is not regular is refused. 0, or -errno with a sentence.
 */
int publish(struct arena *a, const char *path, const char *text, struct err *err);
