/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/vfport.h"

#include <errno.h>
#include <stdlib.h>

#include "arena.h"
#include "host/act/act.h"
#include "host/act/vflink.h"
#include "host/pci/pci.h"
#include "host/pci/vfs.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

static const char *net_path(const struct host *host, const char *pf, const char *name)
{
	return pci_attribute_path(host->arena, pf, arena_printf(host->arena, "net/%s", name));
}

/* ---- below a KVMSHIM_ROOT ---- */

static const char *fake_path(const struct host *host, const struct vf_port *port, const char *name)
{
	return net_path(host, port->pf,
			arena_printf(host->arena, "%s/vf%u/%s", port->interface, port->vf, name));
}

static int fake_read(const struct host *host, int deadline, struct vf_port *port, bool *found,
		     struct process *stuck)
{
	*found = sysfs_has(host, fake_path(host, port, ""));
	for (enum vf_property p = VF_MAC; *found && p < VF_PROPERTIES; p++) {
		char *text = NULL;
		int rc = act_read(host, fake_path(host, port, vf_property_names[p]), deadline, &text,
				  stuck);

		if (rc && rc != -ENOENT)
			return rc;
		port->now[p] = text && *text ? text : NULL;
	}
	return 0;
}

/* ---- of the kernel ---- */

static int link_read(const struct host *host, int deadline, struct vf_port *port, bool *found,
		     struct process *stuck)
{
	struct vf_values values;
	int rc = vflink_read(host->arena, port->ifindex, port->vf, deadline, &values, stuck);

	*found = values.found;
	for (enum vf_property p = VF_MAC; rc == 0 && p < VF_PROPERTIES; p++)
		port->now[p] = values.has[p] ? vf_property_text(host->arena, p, &values.v[p]) : NULL;
	return rc;
}

/* ---- both ---- */

/* An interface that is gone again was not the one. */
static int look_at(const struct host *host, const char *name, int deadline, struct vf_port *port,
		   bool *found, struct process *stuck)
{
	const char *number = sysfs_text(
		host, net_path(host, port->pf, arena_printf(host->arena, "%s/ifindex", name)));
	int rc;

	*found = false;
	port->interface = name;
	port->ifindex = number ? atoi(number) : 0;
	if (port->ifindex <= 0)
		return 0;
	rc = *host->root.prefix ? fake_read(host, deadline, port, found, stuck) :
				  link_read(host, deadline, port, found, stuck);
	return rc == -ENODEV ? 0 : rc;
}

/* A PF in switchdev mode has more interfaces, of which only its own has the VFs. */
static int find_interface(const struct host *host, int deadline, struct vf_port *port,
			  struct process *stuck)
{
	struct strv names = { 0 };
	bool found = false;
	int rc = 0;

	sysfs_list(host, net_path(host, port->pf, ""), &names);
	for (size_t i = 0; rc == 0 && !found && i < names.n; i++)
		rc = look_at(host, names.v[i], deadline, port, &found, stuck);
	if (rc || found)
		return rc;
	port->interface = NULL;
	return -ENODEV;
}

int vfport_read(const struct host *host, const char *address, int deadline, struct vf_port *out,
		struct process *stuck)
{
	const char *pf = sysfs_link(host, pci_attribute_path(host->arena, address, "physfn"));
	int vf = pf ? vfs_number(host, pf, address) : -1;

	*stuck = (struct process){ 0 };
	*out = (struct vf_port){ .pf = pf };
	if (vf < 0)
		return -ENXIO;
	out->driver = pci_driver(host, pf);
	out->vf = (unsigned)vf;
	return find_interface(host, deadline, out, stuck);
}

bool vfport_has_link(const struct host *host, const struct vf_port *port)
{
	const char *carrier = sysfs_text(
		host, net_path(host, port->pf, arena_printf(host->arena, "%s/carrier", port->interface)));

	return !carrier || !str_eq(carrier, "0");
}

int vfport_set(const struct host *host, const struct vf_port *port, enum vf_property p,
	       const char *text, int deadline, struct process *stuck)
{
	struct vf_value value;
	int rc;

	*stuck = (struct process){ 0 };
	if (!vf_property_parse(host->arena, p, text, &value))
		return -EINVAL;
	if (!*host->root.prefix)
		return vflink_set(host->arena, port->ifindex, port->vf, p, &value, deadline, stuck);
	rc = act_write(host, fake_path(host, port, vf_property_names[p]),
		       vf_property_text(host->arena, p, &value), deadline, stuck);
	return rc == -ENOENT ? -EOPNOTSUPP : rc;
}
