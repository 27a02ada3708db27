/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "device/vfproperty.h"

struct host;
struct process;

/*
 * The properties of a virtual function, by its PCI address: the network interface of its
 * physical function has them. Below a KVMSHIM_ROOT no kernel can be asked for them; there they
 * are files vfN/vf-mac, … of that interface in sysfs, which no real one has.
 */
struct vf_port {
	const char *pf, *driver; /* the physical function, and its driver; NULL: none */
	const char *interface;	 /* its network interface that has this VF; NULL: none */
	int ifindex;
	unsigned vf; /* the number of the VF on it */
	const char *now[VF_PROPERTIES]; /* NULL: the driver does not report it */
};

/*
 * 0, or -errno: -ENXIO: the function is no VF, -ENODEV: its PF has no interface with this VF,
 * and out->pf and out->driver say which; -ETIMEDOUT as act_read().
 */
int vfport_read(const struct host *host, const char *address, int deadline, struct vf_port *out,
		struct process *stuck);

/* Has the interface a link now? If that is not known, it has. */
bool vfport_has_link(const struct host *host, const struct vf_port *port);

/*
 * text as vf_property_parse() takes it. 0, or -errno: -EOPNOTSUPP: the driver does not support
 * this; -ETIMEDOUT as act_write().
 */
int vfport_set(const struct host *host, const struct vf_port *port, enum vf_property p,
	       const char *text, int deadline, struct process *stuck);
