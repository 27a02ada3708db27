/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/*
 * Mediated devices (drivers/vfio/mdev/mdev_core.c), with tree_lock held: a write to
 * PARENT/mdev_supported_types/TYPE/create, and to PARENT/UUID/remove. path is that file's.
 * Each gets an IOMMU group of its own, from 900 on, that the tree has at hand.
 */
int mdev_create(struct arena *a, const char *path, const char *uuid);
int mdev_remove(struct arena *a, const char *path, const char *text);
