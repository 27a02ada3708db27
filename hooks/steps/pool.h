/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct step;
struct work;

/*
 * OP_HUGEPAGES: adding pages to a pool, and removing them again. Several VMs may have grown
 * the same pool, so none of them restores the size that it found: a pool is to have the pages
 * that it had before the first of them, and the pages that the existing journals add to it.
 */
int oppool_grow(struct work *w, const struct step *s, struct err *err);
int oppool_shrink(struct work *w, const struct step *s, struct err *err);
