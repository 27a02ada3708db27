/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "device/vfproperty.h"

struct arena;
struct process;

/*
 * The properties of virtual functions as the network interface of their physical function has
 * them: rtnetlink(7), IFLA_VFINFO_LIST of linux/if_link.h. The kernel does it under a lock
 * (RTNL) that a driver which hangs may hold, so a child does, as in act.h.
 */

/* Of one VF. What the driver does not report is not there. */
struct vf_values {
	bool found; /* the interface has this VF */
	bool has[VF_PROPERTIES];
	struct vf_value v[VF_PROPERTIES];
};

/* 0 (see found), -errno, or -ETIMEDOUT with the child in *stuck, as act_read(). */
int vflink_read(struct arena *a, int ifindex, unsigned vf, int deadline, struct vf_values *out,
		struct process *stuck);

/* 0, or -errno of the kernel: EOPNOTSUPP, EINVAL, …; -ETIMEDOUT as act_write(). */
int vflink_set(struct arena *a, int ifindex, unsigned vf, enum vf_property p,
	       const struct vf_value *value, int deadline, struct process *stuck);
