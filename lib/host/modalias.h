/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "str.h"

struct arena;
struct host;

/* A line of modules.alias that is about PCI: without "alias pci:" in front. */
struct modalias {
	const char *glob;   /* v000010DEd*sv*sd*bc03sc00i* */
	const char *module; /* nouveau */
};

/*
 * /lib/modules/RELEASE/modules.alias, read once to be asked often: sorted by vendor, because
 * a host may have thousands of functions and the file has twenty thousand lines.
 */
struct modaliases {
	struct modalias *v;
	size_t n, cap;
	size_t any; /* how many of them are of no vendor in particular: the first ones */
};

/* release: NULL for that of uname(2). Empty where the file cannot be read. */
void modaliases_read(const struct host *host, const char *release, struct modaliases *aliases);

/* The modules that would take a device with this modalias, the most special alias first. */
void modaliases_find(struct arena *a, const struct modaliases *aliases, const char *modalias,
		     struct strv *modules);
