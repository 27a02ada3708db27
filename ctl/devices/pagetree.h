/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct page;

/* The devices, as a tree: host bridge, root port, slot, function, with IOMMU groups as frames. */
void page_tree(struct page *p);
