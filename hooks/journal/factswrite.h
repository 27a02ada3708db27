/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct err;
struct facts;
struct grants;

/* Publishes facts.json for the wrapper (shape: lib/conf/factsfile.h), 0644. 0 or -errno. */
int facts_write(struct arena *a, int folder, const char *uuid, const struct facts *f,
		const struct grants *g, struct err *err);
