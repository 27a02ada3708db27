/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

struct host;

/*
 * The configuration of modprobe (modprobe.d(5)). A file name that is in two directories
 * counts once.
 */
struct modprobe_line {
	const char *file;
	struct strv words; /* "options", "vfio-pci", "ids=…" */
};

struct modprobe {
	struct modprobe_line *v;
	size_t n, cap;
};

void modprobe_read(const struct host *host, struct modprobe *m);

/* KEY of `options MODULE KEY=VALUE`, the last one, with - and _ alike; NULL. */
const char *modprobe_option(const struct modprobe *m, const char *module, const char *key);

/* The file that keeps a module from being loaded: `blacklist`, `install … /bin/false`; NULL. */
const char *modprobe_blocks(const struct modprobe *m, const char *module);

/* Does a line `softdep MODULE pre: … FIRST …` exist? */
bool modprobe_goes_first(const struct modprobe *m, const char *module, const char *first);
