/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/*
 * A pool of huge pages (mm/hugetlb.c, set_max_huge_pages()): a write to its nr_hugepages
 * makes as many as there is memory for, or frees those that nobody uses, and says that it
 * worked. How many there is memory for stands in .most beside it; without that: any number.
 */
int pool_resize(struct arena *a, const char *path, const char *text);
