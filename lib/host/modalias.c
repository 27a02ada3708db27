/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/modalias.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "arena.h"
#include "glob.h"
#include "host/host.h"
#include "root.h"

#define ALIAS "alias pci:"
#define VENDOR 9 /* "v000010DE": how much of a glob it is sorted by */

/* Globs of any vendor come first, and fit by the rest of their glob. */
static bool is_of_anybody(const char *glob)
{
	return !str_starts(glob, "v0000");
}

/* Globs that are alike keep the order of the file: all globs are in one text. */
static int compare(const void *a, const void *b)
{
	const struct modalias *x = a, *y = b;
	bool any = is_of_anybody(x->glob);
	int order = any ? 0 : strncmp(x->glob, y->glob, VENDOR);

	if (any != is_of_anybody(y->glob))
		return any ? -1 : 1;
	return order ? order : x->glob < y->glob ? -1 : 1;
}

/* "GLOB MODULE" of one text line, cut in two in place. */
static void add_line(struct arena *a, char *line, struct modaliases *aliases)
{
	char *blank = strchr(line, ' ');

	if (!blank || !blank[1])
		return;
	*blank = '\0';
	*arena_push(a, aliases->v, aliases->n, aliases->cap) =
		(struct modalias){ .glob = line, .module = blank + 1 };
}

void modaliases_read(const struct host *host, const char *release, struct modaliases *aliases)
{
	struct utsname kernel;
	size_t len;
	char *text;

	*aliases = (struct modaliases){ 0 };
	if (!release && uname(&kernel) == 0)
		release = kernel.release;
	if (!release ||
	    host_read(host, arena_printf(host->arena, "/lib/modules/%s/modules.alias", release),
		      &text, &len) < 0)
		return;
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (str_starts(line, ALIAS))
			add_line(host->arena, line + strlen(ALIAS), aliases);
	if (aliases->n)
		qsort(aliases->v, aliases->n, sizeof(*aliases->v), compare);
	while (aliases->any < aliases->n && is_of_anybody(aliases->v[aliases->any].glob))
		aliases->any++;
}

/* The index of the first glob of this vendor. */
static size_t first_of(const struct modaliases *aliases, const char *numbers)
{
	size_t low = aliases->any, high = aliases->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(aliases->v[middle].glob, numbers, VENDOR) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t wildcards(const char *glob)
{
	size_t n = 0;

	for (; *glob; glob++)
		n += *glob == '*';
	return n;
}

struct match {
	const struct modalias *alias;
	size_t wildcards;
};

struct matches {
	struct match *v;
	size_t n, cap;
};

static int compare_matches(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->wildcards != y->wildcards)
		return x->wildcards < y->wildcards ? -1 : 1;
	return x->alias->glob < y->alias->glob ? -1 : 1;
}

static void try(struct arena *a, const struct modalias *alias, const char *numbers,
		struct matches *m)
{
	if (glob_match(alias->glob, numbers))
		*arena_push(a, m->v, m->n, m->cap) =
			(struct match){ alias, wildcards(alias->glob) };
}

void modaliases_find(struct arena *a, const struct modaliases *aliases, const char *modalias,
		     struct strv *modules)
{
	const char *numbers = modalias && str_starts(modalias, "pci:") ? modalias + 4 : NULL;
	struct matches m = { 0 };

	if (!numbers)
		return;
	for (size_t i = 0; i < aliases->any; i++)
		try(a, &aliases->v[i], numbers, &m);
	for (size_t i = first_of(aliases, numbers);
	     i < aliases->n && strncmp(aliases->v[i].glob, numbers, VENDOR) == 0; i++)
		try(a, &aliases->v[i], numbers, &m);
	if (m.n)
		qsort(m.v, m.n, sizeof(*m.v), compare_matches);
	for (size_t i = 0; i < m.n; i++)
		if (!strv_has(modules, m.v[i].alias->module))
			strv_push(a, modules, m.v[i].alias->module);
}
