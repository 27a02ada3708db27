/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Reads a file, as far as 64 KiB; faults are for the first read of an open file. A length or -errno. */
int attribute_read(struct arena *a, const char *path, bool first, char **bytes);

/* A write with all that the kernel would do, faults and the log: the length or -errno. */
int attribute_write(struct arena *a, const char *path, const char *bytes, size_t len);

/* Faults of open(2). 0 or -errno. */
int attribute_open(struct arena *a, const char *path);
