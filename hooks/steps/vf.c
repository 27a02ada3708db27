/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/vf.h"

#include <errno.h>

#include "arena.h"
#include "clock.h"
#include "err.h"
#include "hooks/steps/driver.h"
#include "hooks/survey/vfwish.h"
#include "host/act/vfport.h"
#include "str.h"

#define RESET_PATIENCE 10000 /* ms */

/*
 * A VF that is being reset: i40e answers EAGAIN, ice EBUSY. igb has no rate for a VF while it has
 * no link (igb_ndo_set_vf_bw()), and it loses the link for a moment when VFs are created.
 */
static bool is_passing(const struct work *w, const struct vf_port *port, enum vf_property p, int rc)
{
	return rc == -EAGAIN || rc == -EBUSY ||
	       (rc == -EINVAL && p == VF_MAX_RATE && !vfport_has_link(&w->host, port));
}

static int look(struct work *w, const struct step *s, struct vf_port *port, struct err *err)
{
	struct process stuck;
	int rc = vfport_read(&w->host, s->device, opdriver_patience(w, s) * 1000, port, &stuck);

	if (stuck.pid)
		return opdriver_hangs(w, s, stuck, err);
	if (rc == 0)
		return 0;
	return err_set(err, rc == -ETIMEDOUT ? EIO : -rc, "%s",
		       vfwish_unread(w->host.arena, s->device, port, -rc));
}

static int say_failed(const struct step *s, const struct vf_port *port, const char *text, int rc,
		      struct err *err)
{
	if (rc == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP,
			       "%s: %s cannot be set, because driver %s of its physical function %s does "
			       "not support it; remove %s from section [device %s] of kvmshim.conf",
			       s->device, s->name, port->driver, port->pf, s->name, s->device);
	/* only what hangs is -ETIMEDOUT */
	return err_set(err, rc == -ETIMEDOUT ? EIO : -rc,
		       "%s: %s = %s cannot be set through interface %s of its physical function %s: %s",
		       s->device, s->name, text, port->interface, port->pf, err_reason(-rc));
}

static int put(struct work *w, const struct step *s, const struct vf_port *port, const char *text,
	       struct err *err)
{
	enum vf_property p = vf_property_named(s->name);
	int rc, deadline = opdriver_patience(w, s) * 1000;
	double end = clock_ms() + RESET_PATIENCE;
	struct process stuck;

	while (is_passing(w, port, p, rc = vfport_set(&w->host, port, p, text, deadline, &stuck))) {
		if (clock_ms() > end)
			break;
		clock_sleep(LOOK_AGAIN);
	}
	if (stuck.pid)
		return opdriver_hangs(w, s, stuck, err);
	return rc ? say_failed(s, port, text, rc, err) : 0;
}

static bool is_now(const struct vf_port *port, const struct step *s, const char *text)
{
	const char *now = port->now[vf_property_named(s->name)];

	return now && str_eq(now, text);
}

static void note(struct work *w, const char *text)
{
	strv_push(w->host.arena, w->notes, text);
}

/* Nobody will know what it was. */
static void note_lasting(struct work *w, const struct step *s, const struct vf_port *port)
{
	note(w, arena_printf(w->host.arena,
			     "%s: %s stays %s when the VM has stopped, because driver %s of its physical "
			     "function %s does not report the value before",
			     s->device, s->name, s->to, port->driver ? port->driver : "none", port->pf));
}

int opvf_set(struct work *w, const struct step *s, struct err *err)
{
	struct vf_port port;
	int rc = look(w, s, &port, err);

	if (rc || is_now(&port, s, s->to))
		return rc;
	rc = put(w, s, &port, s->to, err);
	if (rc == 0 && !s->from)
		note_lasting(w, s, &port);
	return rc;
}

/*
 * Some drivers report a value that they do not take, such as a MAC address of zeros. The device
 * is returned all the same: it would never be, else.
 */
int opvf_restore(struct work *w, const struct step *s, struct err *err)
{
	struct vf_port port;
	int rc = !s->from || opdriver_is_gone(w, s) ? -ENXIO : look(w, s, &port, err);

	if (rc == -ENXIO)
		return 0;
	if (rc || is_now(&port, s, s->from))
		return rc;
	rc = put(w, s, &port, s->from, err);
	if (rc != -EINVAL && rc != -EOPNOTSUPP)
		return rc;
	note(w, arena_strdup(w->host.arena, err->text));
	return 0;
}
