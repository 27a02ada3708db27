/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/driver.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/journal/stuck.h"
#include "hooks/steps/ops.h"
#include "hooks/steps/watch.h"
#include "hooks/survey/holding.h"
#include "hooks/survey/survey.h"
#include "host/act/act.h"
#include "host/act/actrun.h"
#include "host/pci/pci.h"
#include "host/pci/pcihost.h"
#include "host/sysfs.h"
#include "host/use/usesnvidia.h"
#include "str.h"

#define MODPROBE_DEADLINE 60000 /* ms */

int opdriver_patience(const struct work *w, const struct step *s)
{
	const struct device_settings *conf =
		s->device ? settings_of_device(w->settings, s->device) : NULL;

	return conf ? conf->unbind_timeout : w->settings->hook.unbind_timeout;
}

static const char *hang_text(struct work *w, const struct step *s, struct process child)
{
	return arena_printf(w->host.arena, "%s has not finished in the kernel after %d s (process %ld)",
			    op_names[s->op], opdriver_patience(w, s), (long)child.pid);
}

int opdriver_hangs(struct work *w, const struct step *s, struct process child, struct err *err)
{
	*arena_push(w->host.arena, w->stuck, w->n_stuck, w->stuck_cap) =
		(struct stuck){ .device = s->device, .op = s->op, .child = child };
	return err_set(err, ETIMEDOUT, "%s",
		       stuck_text(w->host.arena, s->device ? s->device : s->name,
				  hang_text(w, s, child),
				  s->device && uses_nvidia_lasting(&w->host, s->device)));
}

int opdriver_put(struct work *w, const struct step *s, const char *path, const char *text,
		 struct err *err)
{
	struct process stuck = { 0 };
	int rc = act_write(&w->host, path, text, opdriver_patience(w, s) * 1000, &stuck);

	if (stuck.pid)
		return opdriver_hangs(w, s, stuck, err);
	if (rc == 0)
		return 0;
	/* only what hangs is -ETIMEDOUT; some drivers give it as their answer */
	return err_set(err, rc == -ETIMEDOUT ? EIO : -rc, "'%s' cannot be written to %s: %s",
		       str_eq(text, "\n") ? "" : text, path, err_reason(-rc));
}

int opdriver_get(struct work *w, const struct step *s, const char *path, char **text,
		 struct err *err)
{
	struct process stuck = { 0 };
	int rc = act_read(&w->host, path, opdriver_patience(w, s) * 1000, text, &stuck);

	if (stuck.pid)
		return opdriver_hangs(w, s, stuck, err);
	if (rc)
		return err_set(err, rc == -ETIMEDOUT ? EIO : -rc, "%s cannot be read: %s", path,
			       err_reason(-rc));
	return 0;
}

static int get_override(struct work *w, const struct step *s, char **text, struct err *err)
{
	int rc = opdriver_get(w, s, pci_attribute_path(w->host.arena, s->device, "driver_override"),
			      text, err);

	if (rc)
		return rc;
	if (str_eq(*text, "(null)"))
		*text = arena_strdup(w->host.arena, "");
	return 0;
}

/* driver: "" or NULL for none; the kernel takes a lone newline for that. */
static int put_override(struct work *w, const struct step *s, const char *driver, struct err *err)
{
	return opdriver_put(w, s, pci_attribute_path(w->host.arena, s->device, "driver_override"),
			    driver && *driver ? driver : "\n", err);
}

/* A driver that cannot be read is not "none": a step would count as undone. */
static int driver_now(struct work *w, const struct step *s, const char **now, struct err *err)
{
	int rc = pci_driver_read(&w->host, s->device, now);

	return rc ? err_set(err, -rc, "%s: the driver is unknown: %s", s->device, err_reason(-rc)) :
		    0;
}

bool opdriver_is_gone(struct work *w, const struct step *s)
{
	return sysfs_lacks(&w->host, pci_attribute_path(w->host.arena, s->device, "vendor"));
}

/* The one that is most in the way; NULL: none is. */
static const struct holder *first_in_the_way(struct work *w, const char *device,
					     const struct nodes *nodes, const struct holders *h)
{
	const struct journal_device *it = journal_device(w->journal, device);
	struct held_device d = { w->settings, device, it ? it->role : ROLE_HOSTDEV };

	for (size_t i = 0; i < h->n; i++)
		if (holding_of(&d, &h->v[i]) >= HOLDING_ASKED)
			return &h->v[i];
	return h->n_hidden && holding_of_hidden(&d, nodes) >= HOLDING_ASKED ? h->hidden : NULL;
}

int opdriver_unused(struct work *w, const char *device, struct subdevices *b, struct err *err)
{
	struct pci_function f = { 0 };
	struct holders holders = { 0 };
	const struct holder *first;
	int rc;

	rc = pci_function_read(&w->host, device, &f);
	if (rc == 0)
		rc = subdevices_read(&w->host, device, b);
	if (rc == -ENOENT || rc == -ENODEV)
		return err_set(err, ENODEV, "the device no longer exists");
	if (rc == 0 && f.group >= 0)
		rc = subdevices_add_vfio(&w->host, f.group, &b->nodes);
	if (rc < 0)
		return err_set(err, -rc, "its device nodes cannot be read: %s", err_reason(-rc));
	if (b->nodes.n)
		watch_holders(w->watch, w->host.arena, w->since, &b->nodes, &holders);
	first = first_in_the_way(w, device, &b->nodes, &holders);
	if (!first)
		return 0;
	return err_set(err, EBUSY, "%s%s", survey_holder_text(w->host.arena, first),
		       survey_mend_text(w->host.arena, settings_of_device(w->settings, device),
					device, first));
}

int opdriver_wait(struct work *w, const char *device, opdriver_look *look, struct subdevices *b,
		  struct err *err)
{
	double end = clock_ms() + w->settings->hook.holders_wait * 1e3;
	struct err why;
	int rc;

	*b = (struct subdevices){ 0 };
	while ((rc = look(w, device, b, &why)) == -EBUSY && clock_ms() < end) {
		clock_sleep(LOOK_AGAIN);
		w->since = clock_ms();
		*b = (struct subdevices){ 0 };
	}
	if (rc == -ETIMEDOUT) /* that it is stuck names it */
		return err_set(err, ETIMEDOUT, "%s", why.text);
	return rc ? err_set(err, -rc, "%s%s: %s", device, rc == -EBUSY ? " is in use" : "",
			    why.text) :
		    0;
}

/* ---- driver_override ---- */

/* Its module is present by now, and shows the spelling that the kernel compares with. */
int opdriver_aim(struct work *w, const struct step *s, struct err *err)
{
	return put_override(w, s, pci_driver_of_module(&w->host, s->to), err);
}

int opdriver_unaim(struct work *w, const struct step *s, struct err *err)
{
	char *now;
	int rc;

	if (opdriver_is_gone(w, s))
		return 0;
	rc = get_override(w, s, &now, err);
	if (rc || str_eq(now, s->from))
		return rc;
	return put_override(w, s, s->from, err);
}

/*
 * A device that somebody has bound to another driver keeps that driver. Only
 * driver_override is undone, and only if it still names ours: the next probe would bind our
 * driver again.
 */
static int leave_alone(struct work *w, const struct step *s, const char *driver, const char *ours,
		       struct err *err)
{
	const struct step *aim = journal_step(w->journal, OP_OVERRIDE, s->device);
	char *now = NULL;
	int rc = aim ? get_override(w, s, &now, err) : 0;

	if (!rc && aim && pci_same_driver(now, aim->to))
		rc = put_override(w, s, aim->from, err);
	if (rc)
		return rc;
	strv_push(w->host.arena, w->notes,
		  arena_printf(w->host.arena,
			       "%s: the driver is now %s, not %s, so kvmshim does not change it",
			       s->device, driver, ours));
	return LEFT_ALONE;
}

/* ---- away from a driver, and back to it ---- */

static int unbind_from(struct work *w, const struct step *s, const char *driver, struct err *err)
{
	const char *path = pci_driver_path(w->host.arena, driver, "unbind"), *now = NULL;
	int rc = opdriver_put(w, s, path, s->device, err);

	if (rc == 0)
		rc = driver_now(w, s, &now, err);
	if (rc == 0 && pci_same_driver(now, driver))
		rc = err_set(err, EBUSY, "%s: driver %s did not unbind", s->device, driver);
	return rc;
}

/*
 * Somebody may have come since OP_FREE. No look is as new as the unbind: one that began
 * this long before it is as good as another that would take as long.
 */
#define NEW 20 /* ms */

/* The unbind hangs, and the driver has removed its devices: by those that it had before. */
static int name_holder(struct work *w, const struct step *s, const struct nodes *nodes,
		       struct err *err)
{
	const struct stuck *stuck = &w->stuck[w->n_stuck - 1];
	struct holders h = { 0 };

	if (nodes->n)
		watch_holders(w->watch, w->host.arena, clock_ms(), nodes, &h);
	if (!h.n)
		return -ETIMEDOUT;
	return err_set(err, ETIMEDOUT, "%s",
		       stuck_text(w->host.arena, s->device,
				  arena_printf(w->host.arena, "%s while %s",
					       hang_text(w, s, stuck->child),
					       survey_holder_text(w->host.arena, &h.v[0])),
				  uses_nvidia_lasting(&w->host, s->device)));
}

int opdriver_unbind(struct work *w, const struct step *s, struct err *err)
{
	struct subdevices before;
	const char *now = NULL;
	int rc = driver_now(w, s, &now, err);

	if (rc || !now)
		return rc;
	if (!pci_same_driver(now, s->from))
		return err_set(err, EBUSY, "%s: the driver was %s and is now %s", s->device,
			       s->from, now);
	w->since = clock_ms() - NEW;
	rc = opdriver_wait(w, s->device, opdriver_unused, &before, err);
	if (rc)
		return rc;
	rc = unbind_from(w, s, now, err);
	return rc == -ETIMEDOUT ? name_holder(w, s, &before.nodes, err) : rc;
}

static int probe(struct work *w, const struct step *s, const char *driver, struct err *err)
{
	const char *now = NULL;
	int rc = opdriver_put(w, s, PCI_DRIVERS_PROBE, s->device, err);

	if (rc != -ETIMEDOUT)
		rc = driver_now(w, s, &now, err);
	if (rc || pci_same_driver(now, driver))
		return rc;
	return err_set(err, ENODEV,
		       "%s: driver %s did not bind, the driver is now %s; see the kernel log",
		       s->device, driver, now ? now : "none");
}

int opdriver_modprobe(struct work *w, const char *module, struct err *err)
{
	const char *const argv[] = { "modprobe", "--", module, NULL };

	return act_run(&w->host, argv, MODPROBE_DEADLINE, err);
}

static void load_driver(struct work *w, const char *driver)
{
	if (!pci_driver_exists(&w->host, driver))
		opdriver_modprobe(w, driver, NULL);
}

/* A driver need not be called like its module (xhci_hcd is of xhci_pci): then by what it is for. */
static void load_by_alias(struct work *w, const struct step *s)
{
	struct pci_function f = { 0 };

	if (!pci_driver_exists(&w->host, s->from) &&
	    pci_function_read(&w->host, s->device, &f) == 0 && f.modalias)
		opdriver_modprobe(w, f.modalias, NULL);
}

/* ---- on-return = rescan ---- */

static bool rescans(const struct work *w, const struct step *s)
{
	const struct device_settings *conf = settings_of_device(w->settings, s->device);

	return conf && conf->rescan;
}

/* The kernel makes the device anew, and probes the drivers: pci_rescan_bus(). */
static int scan(struct work *w, const struct step *s, struct err *err)
{
	const char *now = NULL;
	int rc = opdriver_put(w, s, pcihost_rescan_path(w->host.arena, s->device), "1", err);

	if (!rc && opdriver_is_gone(w, s))
		return err_set(err, ENODEV,
			       "%s was removed, and the rescan of its bus did not find it; see the "
			       "kernel log",
			       s->device);
	if (!rc)
		rc = driver_now(w, s, &now, err);
	if (rc || pci_same_driver(now, s->from))
		return rc;
	return now ? leave_alone(w, s, now, s->from, err) : probe(w, s, s->from, err);
}

/* The driver did not bind it: why is in err. A device that hangs is not touched. */
static int remove_and_scan(struct work *w, const struct step *s, int rc, struct err *err)
{
	struct err why = *err;

	if (rc >= 0 || rc == -ETIMEDOUT || !rescans(w, s))
		return rc;
	rc = opdriver_put(w, s, pci_attribute_path(w->host.arena, s->device, "remove"), "1", err);
	if (!rc)
		rc = scan(w, s, err);
	if (rc == 0)
		strv_push(w->host.arena, w->notes,
			  arena_printf(w->host.arena,
				       "%s; the hook has removed the device and scanned its bus, and "
				       "the driver has bound",
				       why.text));
	return rc;
}

/* Killed after the removal: nobody else finds it again. */
static int find_again(struct work *w, const struct step *s, struct err *err)
{
	return rescans(w, s) ? scan(w, s, err) : 0;
}

int opdriver_rebind(struct work *w, const struct step *s, struct err *err)
{
	const char *now = NULL;
	int rc = driver_now(w, s, &now, err);

	if (rc == 0 && opdriver_is_gone(w, s))
		return find_again(w, s, err);
	if (rc || pci_same_driver(now, s->from))
		return rc;
	if (now)
		return leave_alone(w, s, now, s->from, err);
	load_driver(w, s->from);
	load_by_alias(w, s);
	rc = put_override(w, s, s->from, err);
	if (!rc)
		rc = probe(w, s, s->from, err);
	return remove_and_scan(w, s, rc, err);
}

/* ---- to a driver, and away from it ---- */

int opdriver_probe(struct work *w, const struct step *s, struct err *err)
{
	const char *now = NULL;
	int rc = driver_now(w, s, &now, err);

	return rc || pci_same_driver(now, s->to) ? rc : probe(w, s, s->to, err);
}

/* Aimed home first: nothing else can take it in between. */
int opdriver_unprobe(struct work *w, const struct step *s, struct err *err)
{
	const char *now = NULL;
	struct subdevices b = { 0 };
	struct err why;
	int rc = driver_now(w, s, &now, err);

	if (rc || !now || pci_same_driver(now, s->from))
		return rc;
	if (!pci_same_driver(now, s->to))
		return leave_alone(w, s, now, s->to, err);
	/* under a QEMU that uses it, vfio-pci would remove it from the guest and be stuck */
	w->since = clock_ms() - NEW;
	rc = opdriver_unused(w, s->device, &b, &why);
	if (rc)
		return err_set(err, -rc, "%s is in use: %s", s->device, why.text);
	rc = put_override(w, s, s->from, err);
	return rc ? rc : unbind_from(w, s, now, err);
}
