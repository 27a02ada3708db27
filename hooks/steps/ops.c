/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/steps/driver.h"
#include "hooks/steps/pool.h"
#include "hooks/steps/shared.h"
#include "hooks/steps/vf.h"
#include "hooks/steps/watch.h"
#include "hooks/survey/judge.h"
#include "hooks/survey/subject.h"
#include "hooks/survey/survey.h"
#include "hooks/survey/units.h"
#include "host/act/actrun.h"
#include "host/host.h"
#include "host/pci/mdev.h"
#include "host/use/usesclaim.h"
#include "host/use/usesconsole.h"
#include "host/use/usesnvidia.h"
#include "host/use/usesvirtio.h"
#include "host/sysfs.h"
#include "host/vfionode.h"
#include "str.h"

#define RMMOD_DEADLINE 60000 /* ms */
#define VGPU_PATIENCE 10000 /* ms */

/* ---- units and modules ---- */

static int stop_unit(struct work *w, const struct step *s, struct err *err)
{
	return unit_stop(&w->host, s->name, err);
}

static int start_unit(struct work *w, const struct step *s, struct err *err)
{
	return unit_start(&w->host, s->name, err);
}

/* A unit of the admin: another VM may have had it started too. */
static int run_unit(struct work *w, const struct step *s, struct err *err)
{
	int rc = unit_start(&w->host, s->name, err);

	return rc && s->device ? err_wrap(err, "%s", s->device) : rc;
}

static int end_unit(struct work *w, const struct step *s, struct err *err)
{
	int rc = shared_step(w, s) ? 0 : unit_stop(&w->host, s->name, err);

	return rc && s->device ? err_wrap(err, "%s", s->device) : rc;
}

static int end_sessions(struct work *w, const struct step *s, struct err *err)
{
	return sessions_end(&w->host, s->name, err);
}

static int load_module(struct work *w, const struct step *s, struct err *err)
{
	struct err why = { 0 };
	int rc = opdriver_modprobe(w, s->name, &why);

	const char *lost = rc ? host_lost_modules(&w->host) : NULL;

	if (lost)
		return err_set(err, ENOENT,
			       "modprobe %s: %s; the modules of the running kernel %s were removed: "
			       "reboot",
			       s->name, why.text, lost);
	return rc ? err_set(err, rc < 0 ? -rc : EIO, "modprobe %s: %s", s->name, why.text) : 0;
}

/* rmmod(8) removes this one only; `modprobe -r` also the driver of other cards, as unused. */
static int unload_module(struct work *w, const struct step *s, struct err *err)
{
	const char *const argv[] = { "rmmod", "--", s->name, NULL };
	struct err why = { 0 };
	int rc = host_has_module(&w->host, s->name) ?
			 act_run(&w->host, argv, RMMOD_DEADLINE, &why) :
			 0;

	return rc ? err_set(err, rc < 0 ? -rc : EIO, "rmmod %s: %s", s->name, why.text) : 0;
}

static int load_again(struct work *w, const struct step *s, struct err *err)
{
	return host_has_module(&w->host, s->name) ? 0 : load_module(w, s, err);
}

/* ---- until nobody uses it ---- */

static int claim_disk(struct work *w, const char *device, const char *disk, struct err *err)
{
	struct process stuck;
	int fd = uses_claim_disk(&w->host, disk, w->settings->hook.unbind_timeout * 1000, &stuck);

	watch_claimed(w->watch, disk, fd);
	if (stuck.pid)
		return opdriver_hangs(w, &(struct step){ .op = OP_FREE, .device = device }, stuck,
				      err);
	if (fd == -EBUSY)
		return err_set(err, EBUSY, "%s", survey_disk_text(&w->host, disk));
	if (fd < 0)
		return err_set(err, -fd, "/dev/%s cannot be opened exclusively: %s", disk,
			       err_reason(-fd));
	return 0;
}

/*
 * Claims the disks below; -EBUSY with the reason if one is in use. Controllers of one NVMe
 * subsystem have the same disks below them.
 */
static int claim_disks(struct work *w, const char *device, const struct subdevices *b, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < b->disks.n && rc == 0; i++)
		if (watch_claim(w->watch, b->disks.v[i]))
			rc = claim_disk(w, device, b->disks.v[i], err);
	return rc;
}

static int check_mounts(struct work *w, const char *device, struct err *err)
{
	struct strv uses = { 0 };

	uses_of_virtio(&w->host, device, &uses);
	return uses.n ? err_set(err, EBUSY, "%s", uses.v[0]) : 0;
}

/* The journal has a step that unloads it. */
static int check_modeset(struct work *w, const char *device, struct err *err)
{
	if (journal_step_named(w->journal, OP_UNLOAD, "nvidia_drm") || !uses_nvidia_modeset(&w->host, device))
		return 0;
	return err_set(err, EBUSY, "%s", judge_modeset);
}

static int look_free(struct work *w, const char *device, struct subdevices *b, struct err *err)
{
	int rc = opdriver_unused(w, device, b, err);

	if (!rc)
		rc = check_modeset(w, device, err);
	if (!rc)
		rc = check_mounts(w, device, err);
	return rc ? rc : claim_disks(w, device, b, err);
}

static int wait_until_free(struct work *w, const struct step *s, struct err *err)
{
	struct subdevices below;

	return opdriver_wait(w, s->device, look_free, &below, err);
}

/*
 * A compositor closes a card when the kernel reports it as removed, and opens it again when it
 * is reported as added: synth_uevent() of the kernel. udev acts on both as well.
 */
static int report_card(struct work *w, const struct step *s, const char *action, struct err *err)
{
	const char *path = pci_attribute_path(w->host.arena, s->device,
					      arena_printf(w->host.arena, "drm/%s/uevent", s->name));

	if (sysfs_lacks(&w->host, path))
		return 0;
	return opdriver_put(w, s, path, action, err);
}

static int ask(struct work *w, const struct step *s, struct err *err)
{
	int rc = report_card(w, s, "remove", err);

	w->since = clock_ms();
	return rc;
}

static int ask_no_more(struct work *w, const struct step *s, struct err *err)
{
	return report_card(w, s, "add", err);
}

/* ---- the console ---- */

static int write_vtcon(struct work *w, const struct step *s, const char *bind, struct err *err)
{
	const char *path = uses_vtcon_path(w->host.arena, s->name);
	char *now = NULL;
	int rc = opdriver_get(w, s, path, &now, err);

	if (rc == -ETIMEDOUT)
		return rc;
	if (rc == 0 && str_eq(now, bind))
		return 0;
	return opdriver_put(w, s, path, bind, err);
}

static int unbind_vtcon(struct work *w, const struct step *s, struct err *err)
{
	return write_vtcon(w, s, "0", err);
}

static int bind_vtcon(struct work *w, const struct step *s, struct err *err)
{
	return write_vtcon(w, s, "1", err);
}

static int unbind_platform(struct work *w, const struct step *s, struct err *err)
{
	return opdriver_put(w, s, uses_platform_path(w->host.arena, s->from, "unbind"), s->name,
			    err);
}

static int bind_platform(struct work *w, const struct step *s, struct err *err)
{
	if (uses_platform_is_bound(&w->host, s->from, s->name))
		return 0;
	return opdriver_put(w, s, uses_platform_path(w->host.arena, s->from, "bind"), s->name, err);
}

/* ---- attributes ---- */

/* Some changes of the number of virtual functions are only possible through 0. */
static bool is_through_none(const struct step *s, const char *now, const char *value)
{
	return str_eq(s->name, "sriov_numvfs") && !str_eq(now, "0") && !str_eq(value, "0");
}

static int set_attribute(struct work *w, const struct step *s, const char *value, struct err *err)
{
	const char *path = pci_attribute_path(w->host.arena, s->device, s->name);
	char *now = NULL;
	int rc = opdriver_get(w, s, path, &now, err);

	if (rc == -ETIMEDOUT || (rc == 0 && str_eq(now, value)))
		return rc;
	/* what cannot be read may still be written */
	rc = rc == 0 && is_through_none(s, now, value) ? opdriver_put(w, s, path, "0", err) : 0;
	return rc ? rc : opdriver_put(w, s, path, *value ? value : "\n", err);
}

static int change_attribute(struct work *w, const struct step *s, struct err *err)
{
	return set_attribute(w, s, s->to, err);
}

/* A removed device has no attributes. */
static int restore_attribute(struct work *w, const struct step *s, struct err *err)
{
	return opdriver_is_gone(w, s) ? 0 : set_attribute(w, s, s->from, err);
}

/* Another VM may have a device below the same bridge. */
static int restore_port(struct work *w, const struct step *s, struct err *err)
{
	return shared_step(w, s) ? 0 : restore_attribute(w, s, err);
}

static int keep(struct work *w, const struct step *s, struct err *err)
{
	(void)w, (void)s, (void)err;
	return 0;
}

/* nvidia's driver says EBUSY or EPERM for some seconds after a VM's end. */
static int set_vgpu(struct work *w, const struct step *s, const char *type, struct err *err)
{
	double end = clock_ms() + VGPU_PATIENCE;
	struct step as = *s;
	int rc;

	as.name = VGPU_TYPE;
	while ((rc = set_attribute(w, &as, type, err)) == -EBUSY || rc == -EPERM) {
		if (clock_ms() > end)
			break;
		clock_sleep(LOOK_AGAIN);
	}
	return rc;
}

static int make_vgpu(struct work *w, const struct step *s, struct err *err)
{
	return set_vgpu(w, s, s->to, err);
}

static int drop_vgpu(struct work *w, const struct step *s, struct err *err)
{
	return opdriver_is_gone(w, s) ? 0 : set_vgpu(w, s, s->from, err);
}

/* ---- mediated devices ---- */

static int make_mdev(struct work *w, const struct step *s, struct err *err)
{
	int rc =
		opdriver_put(w, s, mdev_create_path(w->host.arena, s->device, s->to), s->name, err);

	if (rc == -EEXIST)
		return err_set(err, EEXIST,
			       "mediated device %s was created by another program during this "
			       "start; start the VM again",
			       s->name);
	if (rc == 0 && !mdev_exists(&w->host, s->name))
		rc = err_set(err, ENODEV,
			     "%s: the driver of %s accepted the request but created no mediated "
			     "device",
			     s->name, s->device);
	return rc;
}

/* Some drivers remove the device themselves when the VM ends, and return EBUSY in the meantime. */
static int drop_mdev(struct work *w, const struct step *s, struct err *err)
{
	double end = clock_ms() + VGPU_PATIENCE;
	int rc = 0;

	while (!mdev_is_gone(&w->host, s->name)) {
		rc = opdriver_put(w, s, mdev_remove_path(w->host.arena, s->name), "1", err);
		if (rc != -EBUSY || clock_ms() > end)
			break;
		clock_sleep(LOOK_AGAIN);
	}
	return mdev_is_gone(&w->host, s->name) ? 0 : rc;
}

/* ---- the VFIO device node ---- */

static int set_owner(struct work *w, const struct step *s, const char *owner, struct err *err)
{
	return vfionode_set_owner(&w->host, s->name, owner, err);
}

static int give_node(struct work *w, const struct step *s, struct err *err)
{
	return set_owner(w, s, s->to, err);
}

static int take_node(struct work *w, const struct step *s, struct err *err)
{
	int rc = set_owner(w, s, s->from, err);

	return rc == -ENOENT ? 0 : rc;
}

/* ---- the table ---- */

const struct op_row op_rows[OP_COUNT] = {
	[OP_UNIT] = { stop_unit, start_unit, FAILS_NOTE, "stop %n" },
	[OP_PAUSE] = { stop_unit, start_unit, FAILS_NOTE, "stop %n while the driver changes" },
	[OP_SESSIONS] = { end_sessions, NULL, FAILS_NOTE, "end the sessions of %n" },
	[OP_MODULE] = { load_module, NULL, FAILS_NOTE, "load module %n" },
	[OP_HUGEPAGES] = { oppool_grow, oppool_shrink, FAILS_ALL, "%n: add %t pages (had %f)" },
	[OP_ASK] = { ask, ask_no_more, FAILS_NOTE, "%d: report %n as removed to the programs that have it open" },
	[OP_FREE] = { wait_until_free, NULL, FAILS_NOTE, "%d: wait until the device is not in use" },
	[OP_VTCON] = { unbind_vtcon, bind_vtcon, FAILS_NOTE, "unbind console %n" },
	[OP_PLATFORM] = { unbind_platform, bind_platform, FAILS_NOTE, "unbind %n from %f" },
	[OP_UNLOAD] = { unload_module, load_again, FAILS_NOTE, "unload module %n" },
	[OP_BEFORE] = { run_unit, end_unit, FAILS_NOTE, "%d: start %n before the unbind" },
	[OP_PORT] = { change_attribute, restore_port, FAILS_ALL, "%d: %n = %t (was %f)" },
	[OP_KEEP] = { keep, restore_attribute, FAILS_ALL, "%d: keep %n (%f)" },
	[OP_ATTRIBUTE] = { change_attribute, restore_attribute, FAILS_ALL, "%d: %n = %t (was %f)" },
	[OP_OVERRIDE] = { opdriver_aim, opdriver_unaim, FAILS_ALL, "%d: driver_override = %t" },
	[OP_UNBIND] = { opdriver_unbind, opdriver_rebind, FAILS_ALL, "%d: unbind from %f" },
	[OP_UNBOUND] = { run_unit, end_unit, FAILS_NOTE, "%d: start %n while no driver is bound" },
	[OP_VF] = { opvf_set, opvf_restore, FAILS_ALL, "%d: %n = %t (was %f)" },
	[OP_PROBE] = { opdriver_probe, opdriver_unprobe, FAILS_ALL, "%d: bind to %t" },
	[OP_POWER] = { change_attribute, NULL, FAILS_NOTE, "%d: %n = %t (was %f)" },
	[OP_MDEV] = { make_mdev, drop_mdev, FAILS_ALL, "%d: create %n of type %t" },
	[OP_VGPU] = { make_vgpu, drop_vgpu, FAILS_ALL, "%d: vGPU type %t (was %f)" },
	[OP_START] = { run_unit, end_unit, FAILS_NOTE, "start %n" },
	[OP_NODE] = { give_node, take_node, FAILS_ALL, "/dev/vfio/%n: change owner to %t" },
};

const char *op_text(struct arena *a, const struct step *s)
{
	struct strbuf b = { .arena = a };

	for (const char *w = op_rows[s->op].words; *w; w++) {
		const char *value = NULL;

		if (*w != '%') {
			strbuf_addc(&b, *w);
			continue;
		}
		w++;
		value = *w == 'd' ? s->device : *w == 'n' ? s->name : *w == 't' ? s->to : s->from;
		strbuf_add(&b, value && *value ? value : s->op == OP_VF ? "unknown" : "nothing");
	}
	return strbuf_text(&b);
}
