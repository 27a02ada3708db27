/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/survey.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/journal/stuck.h"
#include "hooks/survey/holding.h"
#include "hooks/survey/hostunits.h"
#include "hooks/survey/mediated.h"
#include "hooks/survey/ports.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "hooks/survey/vfwish.h"
#include "host/act/act.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "host/pci/pcipower.h"
#include "host/pci/rmrr.h"
#include "host/use/uses.h"
#include "host/use/usesclaim.h"
#include "host/use/usesconsole.h"
#include "host/use/usesdisk.h"
#include "host/use/usesnvidia.h"
#include "host/use/usesvirtio.h"
#include "host/vfiocdev.h"
#include "root.h"
#include "str.h"

/* The arguments of one survey. */
struct look {
	const struct host *host;
	const struct assignment *h;
	const struct reservations *held;
	struct survey *out;
};

static const char *unseen_text(struct arena *a, const struct holder *h)
{
	return arena_printf(a,
			    "the list of processes cannot be read (%s), so the programs that have the "
			    "device open are unknown",
			    err_reason(h->error));
}

static const char *sees_text(struct arena *a, const struct holder *h)
{
	if (h->node)
		return arena_printf(a, "has /dev/%s open", h->node->name);
	if (h->late)
		return arena_printf(a,
				    "has so many open files (%zu or more) that the hook did not find "
				    "the programs that have the device open in %d seconds; stop it",
				    h->files, OPENDEVICES_S);
	return "possibly has the device open: AppArmor or SELinux does not let the hook check (see "
	       "CAVEATS in kvmshim-hook(8))";
}

static const char *unit_link(const char *unit)
{
	return !unit ? "" : str_starts(unit, "user@") ? ", of " : ", ";
}

const char *survey_holder_text(struct arena *a, const struct holder *h)
{
	if (h->error)
		return unseen_text(a, h);
	return arena_printf(a, "%s (pid %ld%s%s) %s", str_printable(a, h->command),
			    (long)h->process.pid, unit_link(h->unit),
			    h->unit ? process_unit_text(a, h->unit) : "", sees_text(a, h));
}

/* A scope that is not of a session has another name each time, and who started it stops it. */
const char *survey_mend_text(struct arena *a, const struct device_settings *conf,
			     const char *address, const struct holder *h)
{
	static const char text[] = "; to %s when a VM starts, add to kvmshim.conf: [device %s] %s = %s";

	if (!h->node || !h->unit)
		return "";
	if (h->seat && !(conf && strv_has(&conf->end_sessions, h->seat)))
		return arena_printf(a, text, "end the sessions of the seat", address, "end-sessions",
				    str_printable(a, h->seat));
	if (!str_ends(h->unit, ".service") || settings_stop_unit(conf, h->unit))
		return "";
	return arena_printf(a, text, "stop the unit", address, "stop-units",
			    str_printable(a, h->unit));
}

/* use: of uses_of_disk() */
static const char *claim_text(struct arena *a, const char *disk, const char *use)
{
	return use ? use : uses_unseen_text(a, disk);
}

const char *survey_disk_text(const struct host *host, const char *disk)
{
	return claim_text(host->arena, disk, uses_of_disk(host, disk));
}

/* ---- one function ---- */

static void look_at_disk(struct look *l, struct subject *s, const char *disk)
{
	struct process stuck;
	int fd = uses_claim_disk(l->host, disk, l->h->settings->hook.unbind_timeout * 1000, &stuck);

	if (stuck.pid)
		s->stuck = arena_printf(l->host->arena,
					"opening disk %s has not finished (process %ld)", disk,
					(long)stuck.pid);
	if (fd < 0) {
		const char *use = uses_of_disk(l->host, disk);

		if (fd != -EBUSY && !use)
			return;
		strv_push(l->host->arena, &s->claimed, claim_text(l->host->arena, disk, use));
		s->claim_is_known |= use != NULL;
	}
	if (fd >= 0)
		close(fd);
}

static void look_at_disks(struct look *l, struct subject *s)
{
	/* the hook of another VM has claimed the disk: the refusal will name that VM */
	if (reserve_owner(l->held, s->pci.address, l->h->kind))
		return;
	for (size_t i = 0; i < s->below.disks.n && !s->stuck; i++)
		look_at_disk(l, s, s->below.disks.v[i]);
}

static void look_at_mounts(struct look *l, struct subject *s)
{
	size_t n = s->claimed.n;

	uses_of_virtio(l->host, s->pci.address, &s->claimed);
	s->claim_is_known |= s->claimed.n > n;
}

static void look_at_network(struct look *l, struct subject *s)
{
	const char *whole = uses_of_function(l->host, &s->pci, &s->below);

	if (whole)
		strv_push(l->host->arena, &s->network, whole);
	for (size_t i = 0; i < s->below.interfaces.n; i++) {
		const char *name = s->below.interfaces.v[i];
		const char *use = uses_of_interface(l->host, name);

		if (use)
			strv_push(l->host->arena, &s->network,
				  arena_printf(l->host->arena, "%s %s", name, use));
	}
}

/*
 * NULL: the device does not have it, or it cannot be read. While the device's lock is held,
 * the read of some attributes is stuck: driver_override, and since 35ff867b765 of Linux
 * sriov_numvfs.
 */
static const char *attribute_now(struct look *l, struct subject *s, const char *name)
{
	struct process stuck;
	char *text = NULL;

	if (!s->stuck)
		act_read(l->host, pci_attribute_path(l->host->arena, s->pci.address, name),
			 l->h->settings->hook.unbind_timeout * 1000, &text, &stuck);
	if (!s->stuck && stuck.pid)
		s->stuck = arena_printf(
			l->host->arena, "reading %s has not finished, so the driver is stuck", name);
	return text;
}

static void look_at_attributes(struct look *l, struct subject *s)
{
	const struct device_settings *conf = s->conf;

	s->power = attribute_now(l, s, POWER);
	for (size_t i = 0; conf && i < conf->n_attributes; i++)
		strv_push(l->host->arena, &s->attributes,
			  attribute_now(l, s, conf->attributes[i].name));
	if (conf && conf->mdev_type && s->pci.vgpu)
		s->vgpu = attribute_now(l, s, VGPU_TYPE);
	vfwish_look(l->host, l->h->settings->hook.unbind_timeout * 1000, s);
}

static void look_at_settings(struct look *l, struct subject *s)
{
	bool managed = s->role == ROLE_MANAGED;

	s->unasked = managed && settings_managed(l->h->settings, s->pci.address) == MANAGED_NO;
	s->keeps_console = managed && !l->h->settings->hook.release_console;
	if (subject_stays(s))
		return;
	look_at_attributes(l, s);
	if (s->conf && s->conf->expect_serial && !s->stuck)
		s->serial = pci_serial(l->host, s->pci.address);
}

static void look_at_override(struct look *l, struct subject *s)
{
	const char *now = subject_is_bound_by_us(s) ? attribute_now(l, s, "driver_override") : NULL;

	s->override = now && !str_eq(now, "(null)") ? now : "";
}

static void look_at_driver(struct look *l, struct subject *s)
{
	s->module =
		s->model ? s->model
			 : pci_vfio_module(l->host, NULL, s->pci.modalias ? s->pci.modalias : "");
	s->target = pci_driver_of_module(l->host, s->module);
	s->has_driver = pci_driver_exists(l->host, s->target);
	look_at_override(l, s);
}

static void look_at_units(struct look *l, struct subject *s)
{
	hostunits_look(l->host, l->held, s, &l->out->notes);
}

static void look_for_stuck(struct look *l, struct subject *s)
{
	const struct stuck *w = reserve_stuck(l->host->arena, l->held, s->pci.address);

	if (w)
		s->stuck = stuck_reason(l->host->arena, w);
}

static void look_at_console(struct look *l, struct subject *s)
{
	uses_of_console(l->host, &s->pci, &s->below, l->h->settings->hook.unbind_timeout * 1000,
			&s->console);
	if (s->console.stuck.pid)
		s->stuck = arena_printf(l->host->arena,
					"reading the console state has not finished (process %ld)",
					(long)s->console.stuck.pid);
}

static void look_at_modules(struct look *l, struct subject *s)
{
	struct strv taken = { 0 };

	if (!s->conf || s->vgpu || subject_is_free(s))
		return;
	for (size_t i = 0; i < s->conf->unload_modules.n; i++)
		if (host_can_unload(l->host, s->conf->unload_modules.v[i]))
			strv_push(l->host->arena, &s->modules, s->conf->unload_modules.v[i]);
	for (size_t i = 0; i < l->h->wishes.n; i++)
		strv_push(l->host->arena, &taken, l->h->wishes.v[i].device);
	if (s->modules.n && str_eq(s->pci.driver, "nvidia"))
		s->modules_user = uses_nvidia_other(l->host, &taken);
}

static void look_at_modeset(struct look *l, struct subject *s)
{
	s->modeset = !s->vgpu && uses_nvidia_modeset(l->host, s->pci.address);
}

static void look_at_firmware(struct look *l, struct subject *s)
{
	s->rmrr = rmrr_of_group(l->host, s->pci.group);
	s->lost_power = pcipower_lost(l->host, &s->pci);
}

typedef void look_fn(struct look *l, struct subject *s);

static look_fn *const looks[] = { look_at_settings, look_at_driver,  look_at_units,
				  look_at_disks,    look_at_mounts,  look_at_network,
				  look_at_console,  look_at_modules, look_at_modeset,
				  look_at_firmware };

/* Reads nothing more of a function that hangs. */
static void look_at_function(struct look *l, struct subject *s)
{
	int rc;

	s->exists = pci_function_read(l->host, s->pci.address, &s->pci) == 0;
	if (!s->exists)
		return;
	if (s->pci.bridge)
		return;
	look_for_stuck(l, s);
	s->lasting = uses_nvidia_lasting(l->host, s->pci.address);
	rc = subdevices_read(l->host, s->pci.address, &s->below);
	s->exists = rc != -ENOENT;
	if (!s->exists)
		return;
	s->cdev = vfiocdev_name(l->host, s->pci.address);
	if (rc == 0 && s->pci.group >= 0)
		rc = subdevices_add_vfio(l->host, s->pci.group, &s->below.nodes);
	s->unread = -rc;
	s->conf = settings_of_device(l->h->settings, s->pci.address);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]) && !s->stuck; i++)
		looks[i](l, s);
}

/* ---- the group ---- */

static struct subject *add_subject(struct look *l, const struct wish *w)
{
	struct subject *s = arena_push(l->host->arena, l->out->v, l->out->n, l->out->cap);

	*s = (struct subject){
		.role = w->role,
		.rule = w->rule,
		.iommufd = w->iommufd,
		.model = w->model,
		.pci = { .address = w->device, .group = -1 },
	};
	look_at_function(l, s);
	return s;
}

static void add_companions(struct look *l, int group, bool iommufd)
{
	struct strv members = { 0 };

	pci_group_members(l->host, group, &members);
	for (size_t i = 0; i < members.n; i++) {
		struct wish w = { .role = ROLE_COMPANION,
				  .device = members.v[i],
				  .iommufd = iommufd };

		if (subject_find(l->out, members.v[i]))
			continue;
		if (add_subject(l, &w)->pci.bridge)
			l->out->n--;
	}
}

/* ---- the processes that have it open ---- */

static bool has_node(const struct nodes *nodes, const struct node *node)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (nodes->v[i].dev == node->dev && nodes->v[i].block == node->block)
			return true;
	return false;
}

static void add_holders(struct look *l, const struct nodes *nodes, const struct holders *found,
			struct holders *h)
{
	for (size_t k = 0; k < found->n; k++)
		if (has_node(nodes, found->v[k].node))
			*arena_push(l->host->arena, h->v, h->n, h->cap) = found->v[k];
}

static void append_nodes(struct look *l, const struct nodes *more, struct nodes *all)
{
	for (size_t i = 0; i < more->n; i++)
		*arena_push(l->host->arena, all->v, all->n, all->cap) = more->v[i];
}

static void sort_holder(struct look *l, struct subject *s, enum holding holding,
			const struct holder *h)
{
	struct holders *to = holding == HOLDING_NOTED ? &s->noted :
			     holding == HOLDING_TRIED ? &s->tried :
							&s->holders;

	if (holding == HOLDING_NOTHING)
		return;
	s->asks |= holding == HOLDING_ASKED;
	*arena_push(l->host->arena, to->v, to->n, to->cap) = *h;
}

static void sort_holders(struct look *l, struct subject *s, const struct holders *found)
{
	struct held_device d = { l->h->settings, s->pci.address, s->role };
	enum holding hidden = holding_of_hidden(&d, &s->below.nodes);

	for (size_t k = 0; k < found->n; k++)
		if (has_node(&s->below.nodes, found->v[k].node))
			sort_holder(l, s, holding_of(&d, &found->v[k]), &found->v[k]);
	for (size_t k = 0; k < found->n_hidden; k++)
		sort_holder(l, s, hidden, &found->hidden[k]);
}

/* Makes one pass over all processes for all devices. */
static void look_at_holders(struct look *l)
{
	struct nodes all = { 0 };
	struct holders found = { 0 };

	for (size_t i = 0; i < l->out->n; i++)
		append_nodes(l, &l->out->v[i].below.nodes, &all);
	for (size_t i = 0; i < l->out->n_mdevs; i++)
		append_nodes(l, &l->out->mdevs[i].nodes, &all);
	if (!all.n)
		return;
	l->out->looked = clock_ms();
	opendevices_read(l->host, &l->out->opens);
	holders_of(l->host, &l->out->opens, &all, &found);
	for (size_t i = 0; i < l->out->n; i++)
		sort_holders(l, &l->out->v[i], &found);
	for (size_t i = 0; i < l->out->n_mdevs; i++)
		add_holders(l, &l->out->mdevs[i].nodes, &found, &l->out->mdevs[i].holders);
}

/* ---- all of it ---- */

void survey_make(const struct assignment *h, const struct reservations *held, struct survey *out)
{
	struct look l = { &h->host, h, held, out };
	const struct wishes *w = &h->wishes;
	size_t n;

	*out = (struct survey){ .has_iommu_type1 = host_has_module(&h->host, "vfio_iommu_type1"),
				.has_iommufd = vfiocdev_has_iommufd(&h->host) };
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].kind == HOSTDEV_PCI)
			add_subject(&l, &w->v[i]);
	n = out->n;
	for (size_t i = 0; i < n; i++)
		if (out->v[i].pci.group >= 0)
			add_companions(&l, out->v[i].pci.group, out->v[i].iommufd);
	/* none is made on a function that is assigned itself */
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].kind == HOSTDEV_MDEV)
			mediated_add(h, held, &w->v[i], out);
	ports_look(&h->host, h->settings, held, out);
	hostunits_of_rules(&h->host, held, h->grants, out);
	look_at_holders(&l);
}

/* ---- the owners ---- */

/* A VF without a driver, that nobody has, is used by nobody. */
static void own_vfs(const struct host *host, const struct reservations *held, struct subject *s,
		    struct survey *out)
{
	s->used_vfs.n = 0;
	for (size_t i = 0; i < s->pci.vfs.n; i++) {
		const char *vf = s->pci.vfs.v[i], *driver = pci_driver(host, vf);
		const struct reservation *owner = reserve_owner(held, vf, JOURNAL_HAND);
		const struct salvage *doubt = reserve_doubt(host, held, vf);

		subject_note_left(out, owner);
		if (owner)
			strv_push(host->arena, &s->used_vfs,
				  arena_printf(host->arena, "%s (%s)", vf,
					       reserve_text(host->arena, owner)));
		else if (doubt && salvage_names(doubt, vf))
			strv_push(host->arena, &s->used_vfs,
				  arena_printf(host->arena, "%s (possibly VM %s)", vf,
					       str_printable(host->arena, doubt->name)));
		else if (driver)
			strv_push(host->arena, &s->used_vfs,
				  arena_printf(host->arena, "%s (driver %s)", vf, driver));
	}
}

static const struct salvage *doubt_of(const struct host *host, const struct reservations *held,
				      const struct subject *s)
{
	const struct salvage *doubt = reserve_doubt(host, held, s->pci.address);

	return doubt || !s->pci.physfn ? doubt : reserve_doubt(host, held, s->pci.physfn);
}

void survey_own(const struct assignment *h, const struct reservations *held, struct survey *out)
{
	out->left = NULL;
	for (size_t i = 0; i < out->n; i++) {
		struct subject *s = &out->v[i];

		s->owner = reserve_owner(held, s->pci.address, h->kind);
		/* who takes a PF away takes its VFs away */
		if (!s->owner && s->pci.physfn)
			s->owner = reserve_taken(held, s->pci.physfn, h->kind);
		s->doubt = doubt_of(&h->host, held, s);
		subject_note_left(out, s->owner);
		own_vfs(&h->host, held, s, out);
	}
	mediated_own(h, held, out);
}

bool survey_holds(const struct assignment *h, const struct reservations *held,
		  const struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct subject *f = &s->v[i];
		const char *now = f->exists ? pci_driver(&h->host, f->pci.address) : NULL;

		if (f->exists && !str_same(now, f->pci.driver))
			return false;
	}
	return mediated_holds(&h->host, held, s);
}

/* ---- the settings that an undo restores ---- */

static bool settings_hold(struct look *l, const struct subject *s)
{
	struct subject now = *s;

	now.attributes = (struct strv){ 0 };
	look_at_attributes(l, &now);
	look_at_override(l, &now);
	for (size_t i = 0; i < now.attributes.n && i < s->attributes.n; i++)
		if (!str_same(now.attributes.v[i], s->attributes.v[i]))
			return false;
	return str_same(now.override, s->override) && str_same(now.power, s->power) &&
	       str_same(now.vgpu, s->vgpu) && vfwish_same(&now, s) && !now.stuck;
}

bool survey_settings_hold(const struct assignment *h, const struct survey *survey)
{
	struct look l = { .host = &h->host, .h = h };

	for (size_t i = 0; i < survey->n; i++)
		if (survey->v[i].exists && !subject_stays(&survey->v[i]) &&
		    !settings_hold(&l, &survey->v[i]))
			return false;
	return true;
}
