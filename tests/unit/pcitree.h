/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* PCI functions in the test's folder, linked as in a real /sys. */
#include "tree.h"

#define PCITREE "sys/devices/pci0000:00"

/* The path of something in a function's folder. */
static inline const char *pcitree_path(const char *address, const char *name)
{
	return arena_printf(&arena, PCITREE "/%s/%s", address, name);
}

static inline void pcitree_file(const char *address, const char *name, const char *text)
{
	tree_file(pcitree_path(address, name), text);
}

static inline void pcitree_function(const char *address, const char *modalias)
{
	tree_folder(arena_printf(&arena, PCITREE "/%s", address));
	if (modalias)
		pcitree_file(address, "modalias", arena_printf(&arena, "%s\n", modalias));
	tree_folder("sys/bus/pci/devices");
	tree_link(arena_printf(&arena, "sys/bus/pci/devices/%s", address),
		  arena_printf(&arena, "../../../devices/pci0000:00/%s", address));
}

static inline void pcitree_driver(const char *address, const char *driver)
{
	tree_folder(arena_printf(&arena, "sys/bus/pci/drivers/%s", driver));
	tree_link(pcitree_path(address, "driver"),
		  arena_printf(&arena, "../../../bus/pci/drivers/%s", driver));
}

static inline void pcitree_group(const char *address, int group)
{
	const char *folder = arena_printf(&arena, "sys/kernel/iommu_groups/%d/devices", group);

	tree_folder(folder);
	tree_link(arena_printf(&arena, "%s/%s", folder, address),
		  arena_printf(&arena, "../../../../devices/pci0000:00/%s", address));
	tree_link(pcitree_path(address, "iommu_group"),
		  arena_printf(&arena, "../../../kernel/iommu_groups/%d", group));
}

/* The first line of one: what a file of sysfs would have. */
static inline const char *pcitree_read(const char *address, const char *name)
{
	char text[32] = "";
	FILE *f = fopen(tree_path(pcitree_path(address, name)), "re");

	if (!f || !fgets(text, sizeof(text), f))
		fail_msg("%s %s cannot be read", address, name);
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return arena_strdup(&arena, text);
}
