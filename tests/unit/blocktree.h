/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Disks of a tree (tree.h). */

#include "tree.h"

static inline void disk(const char *name, const char *dev)
{
	tree_file(arena_printf(&arena, "sys/class/block/%s/dev", name), dev);
	tree_folder(arena_printf(&arena, "sys/class/block/%s/holders", name));
}

static inline void partition(const char *whole, const char *name, const char *dev)
{
	disk(name, dev);
	tree_file(arena_printf(&arena, "sys/class/block/%s/%s/partition", whole, name), "1\n");
}
