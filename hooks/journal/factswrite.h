/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct host;
struct err;
struct facts;
struct grants;

/* Publishes facts.json for the wrapper (shape: lib/conf/factsfile.h), 0644. 0 or -errno. */
int facts_write(struct arena *a, int folder, const char *uuid, const struct facts *f,
		const struct grants *g, struct err *err);

/* Reads facts.json as the wrapper will: 0, or -errno if it is not what was written. */
int facts_confirm(const struct host *host, const char *uuid, const struct facts *f,
		  const struct grants *g, struct err *err);
