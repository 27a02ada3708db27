/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct _xmlNode;
struct arena;
struct err;
struct facts;

/* What Nova's metadata say of a VM. root: of the tree. 0, or -EINVAL with "line 12: …". */
int domainnova_take(struct arena *a, const struct _xmlNode *root, struct facts *f,
		    struct err *err);
