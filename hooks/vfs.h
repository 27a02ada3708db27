/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct assignment;
struct err;
struct reservations;
struct strv;

/*
 * The virtual functions that a VM wants and that are not there yet: a [device] section of
 * their PF says sriov_numvfs = N. Once they are created they stay, for they are not one VM's.
 */

/* A PF that is to have `count` virtual functions, and has none. */
struct vf_need {
	const char *pf, *count;
};

struct vf_needs {
	struct vf_need *v;
	size_t n, cap;
};

/* Is a requested PCI function not there? If not, nothing has to be created. */
bool vfs_missing(const struct assignment *h);

/*
 * Which PFs must create virtual functions before the devices of h can be looked at. 0, or
 * -errno with the reason why one cannot. Changes nothing. `held` are all journals but that of h.
 */
int vfs_needed(const struct assignment *h, const struct reservations *held, struct vf_needs *out,
	       struct err *err);

/* Has this PF in `needs` this virtual function? NULL: none has. */
const struct vf_need *vfs_need_for(const struct assignment *h, const struct vf_needs *needs,
				   const char *vf);

/* Creates them. 0 or -errno; which of them were created stays so. */
int vfs_create(const struct assignment *h, const struct vf_needs *needs, struct err *err);
