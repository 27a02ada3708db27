/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/vfwish.h"

#include <errno.h>

#include "arena.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/survey/subject.h"
#include "root.h"
#include "str.h"

void vfwish_look(const struct host *host, int deadline, struct subject *s)
{
	struct process stuck;

	if (settings_vf_first(s->conf) == VF_PROPERTIES || s->stuck)
		return;
	s->vf_error = -vfport_read(host, s->pci.address, deadline, &s->vf, &stuck);
	if (stuck.pid)
		s->stuck = arena_printf(host->arena,
					"reading its properties from %s of its physical function %s has "
					"not finished (process %ld)",
					s->vf.interface, s->vf.pf, (long)stuck.pid);
}

bool vfwish_same(const struct subject *a, const struct subject *b)
{
	for (enum vf_property p = VF_MAC; a->conf && p < VF_PROPERTIES; p++)
		if (a->conf->vf[p] && !str_same(a->vf.now[p], b->vf.now[p]))
			return false;
	return a->vf_error == b->vf_error;
}

static const char *no_interface(struct arena *a, const char *address, const struct vf_port *port)
{
	return arena_printf(a,
			    "%s: its physical function %s (%s) has no network interface with virtual "
			    "functions in the network namespace of the host; bind %s to its network "
			    "driver, or remove the vf-… keys from section [device %s] of kvmshim.conf",
			    address, port->pf, port->driver ? port->driver : "no driver", port->pf,
			    address);
}

const char *vfwish_unread(struct arena *a, const char *address, const struct vf_port *port, int error)
{
	if (error == ENXIO)
		return arena_printf(a, "%s is not a virtual function", address);
	if (error == ENODEV)
		return no_interface(a, address, port);
	return arena_printf(a, "%s: its properties cannot be read from interface %s of its physical "
			       "function %s: %s",
			    address, port->interface, port->pf, err_reason(error));
}

const char *vfwish_why(struct arena *a, const struct settings *settings, const struct subject *s)
{
	enum vf_property p = settings_vf_first(s->conf);

	if (p == VF_PROPERTIES || !s->vf_error)
		return NULL;
	if (s->vf_error != ENXIO)
		return vfwish_unread(a, s->pci.address, &s->vf, s->vf_error);
	return arena_printf(a, "%s is not a virtual function, but the section at %s:%u sets %s; remove "
			       "it from that section",
			    s->pci.address, settings->path, s->conf->line, vf_property_names[p]);
}
