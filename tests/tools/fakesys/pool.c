/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "arena.h"
#include "tests/tools/fakesys/tree.h"

static char *beside(struct arena *a, const char *backing, const char *name)
{
	return arena_printf(a, "%s/%s", path_folder(a, backing), name);
}

static long number(struct arena *a, const char *backing)
{
	return strtol(tree_text(a, backing), NULL, 10);
}

int pool_resize(struct arena *a, const char *path, const char *text)
{
	const char *nr = tree_find(a, path), *free_file = nr ? beside(a, nr, "free_hugepages") : NULL;
	long used, most, wanted;
	char *end;

	wanted = strtol(text, &end, 10);
	if (!nr || end == text || *end || wanted < 0)
		return nr ? -EINVAL : -ENODEV;
	used = number(a, nr) - number(a, free_file);
	most = *tree_text(a, beside(a, nr, ".most")) ? number(a, beside(a, nr, ".most")) : wanted;
	wanted = wanted > most ? most : wanted;
	wanted = wanted < used ? used : wanted;
	tree_put(free_file, arena_printf(a, "%ld", wanted - used));
	return tree_put(nr, arena_printf(a, "%ld", wanted));
}
