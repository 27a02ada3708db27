/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;

/*
 * Writes a file that other programs read, completely or not at all: a temporary file beside it
 * (.NAME.NUMBER, so that no program takes it for the file) is renamed over it. A program that
 * has the old file open continues to read the old file. A new file has the mode 0644; owner and
 * mode of a file that exists stay. If the path is a link, the file that it leads to is written,
 * as far as way_open() follows links. Standard output, a character device or a FIFO is written to
 * and stays; every other file that is not regular is refused. 0, or -errno with a sentence.
 */
int publish(struct arena *a, const char *path, const char *text, struct err *err);
