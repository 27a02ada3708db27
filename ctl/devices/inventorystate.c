/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of each device, and the reason. The checks are the checks of the hook that need a
 * short look only; `bind --dry-run` does all of them.
 */
#include "ctl/devices/inventorystate.h"

#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/inventorylook.h"
#include "hooks/journal/stuck.h"
#include "hooks/survey/holding.h"
#include "hooks/survey/judge.h"
#include "hooks/survey/survey.h"
#include "host/pci/subdevices.h"
#include "host/process/holders.h"
#include "host/process/suspects.h"
#include "host/use/uses.h"
#include "host/use/usesconsole.h"
#include "host/use/usesdisk.h"
#include "host/use/usesvirtio.h"

struct judging {
	struct look *l;
	bool has_opens; /* and suspects */
	struct opendevices opens;
	struct suspects suspects;
};

#define SAY(j, ...) arena_printf((j)->l->ctl->host.arena, __VA_ARGS__)

static void set(struct device *d, enum device_state state, const char *why)
{
	d->state = state;
	d->why = why;
}

static const char *guest_text(struct judging *j, const struct guest *guest)
{
	const char *name = guest->name ? guest->name : guest->uuid;

	return SAY(j, "VM %s", str_printable(j->l->ctl->host.arena, name ? name : "?"));
}

/* ---- in use by a VM? ---- */

static bool is_stuck(struct judging *j, struct device *d, const struct held *held)
{
	if (!held->stuck)
		return false;
	set(d, DEVICE_STUCK, stuck_reason(j->l->ctl->host.arena, held->stuck));
	return true;
}

static bool is_vms(struct judging *j, struct device *d, const struct held *held)
{
	static const struct {
		enum device_state state;
		const char *before, *behind;
	} lives[] = {
		[LIFE_NONE] = { DEVICE_LEFT_OVER, "", " has stopped without returning it; run "
						      "`kvmshim recover`" },
		[LIFE_IN_PROGRESS] = { DEVICE_MOVING, "it is being assigned to or returned "
						      "from ", "" },
		[LIFE_QEMU] = { DEVICE_VM, "it is in use by ", "" },
		[LIFE_STARTING] = { DEVICE_MOVING, "", " is starting" },
		[LIFE_NODE_OPEN] = { DEVICE_BUSY, "", " has stopped, but a process has it open" },
		[LIFE_HAND] = { DEVICE_VM, "it is in use by ", "" },
		[LIFE_UNKNOWN] = { DEVICE_BUSY, "", " is possibly running, because a process "
						    "cannot be checked" },
	};
	enum life life = held->vm ? held->vm->life : LIFE_QEMU;

	if (!d->guest)
		return false;
	set(d, lives[life].state,
	    SAY(j, "%s%s%s", lives[life].before, guest_text(j, d->guest), lives[life].behind));
	return true;
}

static bool is_by_hand(struct judging *j, struct device *d, const struct held *held)
{
	(void)j;
	if (!held->hand || held->hand->life == LIFE_HAND)
		return false;
	if (held->hand->life == LIFE_NONE)
		set(d, DEVICE_LEFT_OVER, "`kvmshim bind` was interrupted; run `kvmshim recover`");
	else if (held->hand->life == LIFE_IN_PROGRESS)
		set(d, DEVICE_MOVING, "`kvmshim bind` or `unbind` is running");
	else
		set(d, DEVICE_BUSY, "it is bound by hand, and a process has it open");
	return true;
}

static bool has_guests(struct judging *j, struct device *d, const struct held *held)
{
	size_t n = 0;

	(void)held;
	for (size_t i = 0; i < d->n_mdevs; i++)
		n += d->mdevs[i].guest != NULL;
	if (!n)
		return false;
	set(d, DEVICE_VM, SAY(j, "%zu of its mediated devices are in use by VMs", n));
	return true;
}

/* ---- can a VM have it? ---- */

static bool is_no_endpoint(struct judging *j, struct device *d, const struct held *held)
{
	(void)j, (void)held;
	if (!d->pci.bridge && d->pci.class >> 16 != 0x06)
		return false;
	set(d, DEVICE_BRIDGE, NULL);
	return true;
}

static bool is_in_no_group(struct judging *j, struct device *d, const struct held *held)
{
	(void)j, (void)held;
	if (d->pci.group >= 0 || (d->pci.driver && pci_driver_is_vfio(d->pci.driver)))
		return false;
	set(d, DEVICE_HOST, "it is not in an IOMMU group, so VFIO cannot use it");
	return true;
}

static bool has_no_driver(struct judging *j, struct device *d, const struct held *held)
{
	(void)j, (void)held;
	if (d->pci.driver)
		return false;
	set(d, DEVICE_FREE, "it has no driver");
	return true;
}

/* Must the devices below it be read? One pass over the processes answers this for all devices. */
static bool is_suspect(struct judging *j, const struct device *d)
{
	struct ctl *ctl = j->l->ctl;

	if (!j->has_opens) {
		opendevices_read(&ctl->host, &j->opens);
		suspects_find(&ctl->host, &j->opens, &j->suspects);
	}
	j->has_opens = true;
	return suspects_has(&j->suspects, d->pci.address, d->pci.group) ||
	       str_same(d->pci.driver, "nvidia");
}

/* Does the hook stop its unit, or end its session? */
static bool is_stopped_by_hook(const struct device_settings *conf, const struct holder *h)
{
	return conf && ((h->unit && settings_stop_unit(conf, h->unit)) ||
			(h->seat && strv_has(&conf->end_sessions, h->seat)));
}

/*
 * A program that has it open, and by which of its policies (kvmshim.conf) that is in the way. A
 * program that the hook stops does not count.
 */
static const char *holder_with(struct judging *j, const struct device *d, const struct nodes *nodes,
			       enum holding least, enum holding most)
{
	const struct device_settings *conf =
		settings_of_device(&j->l->settings, d->pci.address);
	struct held_device it = { &j->l->settings, d->pci.address, ROLE_HOSTDEV };
	struct holders holders = { 0 };

	holders_of(&j->l->ctl->host, &j->opens, nodes, &holders);
	for (size_t i = 0; i < holders.n; i++) {
		const struct holder *h = &holders.v[i];
		enum holding holding = holding_of(&it, h);

		if (holding >= least && holding <= most && !is_stopped_by_hook(conf, h))
			return survey_holder_text(j->l->ctl->host.arena, h);
	}
	return NULL;
}

static const char *holder_of(struct judging *j, const struct device *d, const struct nodes *nodes)
{
	return holder_with(j, d, nodes, HOLDING_REFUSED, HOLDING_REFUSED);
}

static bool is_on_vfio(struct judging *j, struct device *d, const struct held *held)
{
	struct subdevices below = { 0 };
	const char *holder = NULL;

	if (!pci_driver_is_vfio(d->pci.driver))
		return false;
	if (is_suspect(j, d)) {
		subdevices_read(&j->l->ctl->host, d->pci.address, &below);
		subdevices_add_vfio(&j->l->ctl->host, d->pci.group, &below.nodes);
		holder = holder_of(j, d, &below.nodes);
	}
	if (holder)
		set(d, DEVICE_BUSY, holder);
	else if (!j->l->root)
		set(d, DEVICE_UNKNOWN, "only root can see which program has it open");
	else
		set(d, DEVICE_FREE,
		    held->hand ? "it is bound by hand" :
				 SAY(j, "it is bound to %s, and no program has it open",
				     d->pci.driver));
	return true;
}

static bool may_not_be_unbound(struct judging *j, struct device *d, const struct held *held)
{
	(void)held;
	if (settings_may_unbind(&j->l->settings, d->pci.driver, false))
		return false;
	set(d, DEVICE_HOST,
	    SAY(j, "driver %s is not in unbind-drivers of kvmshim.conf", d->pci.driver));
	return true;
}

static const char *network_use(struct judging *j, const struct device *d, const struct subdevices *b)
{
	const struct host *host = &j->l->ctl->host;
	const char *use = uses_of_function(host, &d->pci, b);

	for (size_t i = 0; !use && i < b->interfaces.n; i++) {
		use = uses_of_interface(host, b->interfaces.v[i]);
		use = use ? SAY(j, "%s %s", b->interfaces.v[i], use) : NULL;
	}
	return use;
}

static const char *disk_use(struct judging *j, const struct subdevices *b)
{
	const char *use = NULL;

	for (size_t i = 0; !use && i < b->disks.n; i++)
		use = uses_of_disk(&j->l->ctl->host, b->disks.v[i]);
	return use;
}

static const char *virtio_use(struct judging *j, const struct device *d)
{
	struct strv uses = { 0 };

	uses_of_virtio(&j->l->ctl->host, d->pci.address, &uses);
	return uses.n ? uses.v[0] : NULL;
}

/* Only a display can show the console: the boot display, or one with a frame buffer. */
static const char *console_use(struct judging *j, const struct device *d, const struct subdevices *b)
{
	const struct hook_settings *hook = &j->l->settings.hook;
	struct console console = { 0 };

	if (hook->release_console || (!d->pci.boot_vga && !b->framebuffers.n))
		return NULL;
	uses_of_console(&j->l->ctl->host, &d->pci, b, hook->unbind_timeout * 1000, &console);
	if (console.stuck.pid)
		return "reading its console state has not finished";
	return console.vtcons.n ? SAY(j, "it shows the host console (%s)", console.vtcons.v[0]) :
				  NULL;
}

/* A network function without an interface may be in another network namespace: it has to be looked at. */
static const char *use_of(struct judging *j, const struct device *d, const char **tried)
{
	struct subdevices below = { 0 };
	const char *use;

	if (!is_suspect(j, d) && d->pci.class >> 16 != 0x02 && !d->pci.boot_vga &&
	    !str_same(d->pci.driver, "virtio-pci"))
		return NULL;
	subdevices_read(&j->l->ctl->host, d->pci.address, &below);
	use = network_use(j, d, &below);
	use = use ? use : console_use(j, d, &below);
	use = use ? use : disk_use(j, &below);
	use = use ? use : virtio_use(j, d);
	use = use ? use : holder_of(j, d, &below.nodes);
	*tried = use ? NULL : holder_with(j, d, &below.nodes, HOLDING_TRIED, HOLDING_ASKED);
	return use;
}

static bool is_needed(struct judging *j, struct device *d, const struct held *held)
{
	const char *tried = NULL, *use = use_of(j, d, &tried);

	(void)held;
	if (use)
		set(d, DEVICE_HOST, use);
	else
		set(d, DEVICE_FREE,
		    SAY(j, "the hook can unbind driver %s when a VM starts%s%s", d->pci.driver,
			tried ? ", but " : "", tried ? tried : ""));
	return true;
}

/* The first that returns true has set the state. */
static bool (*const questions[])(struct judging *j, struct device *d, const struct held *held) = {
	is_no_endpoint, is_stuck,     is_vms,	   is_by_hand,	       has_guests,
	is_in_no_group, has_no_driver, is_on_vfio, may_not_be_unbound, is_needed,
};

/* ---- other devices that are in the way ---- */

static bool is_taken(const struct device *d)
{
	return d->state != DEVICE_FREE && d->state != DEVICE_BRIDGE;
}

/* The user of a virtual function, as survey_own() of the hook reports it; NULL: none. */
static const char *user_of_vf(struct judging *j, const struct device *vf)
{
	if (vf->guest)
		return guest_text(j, vf->guest);
	if (vf->pci.driver)
		return SAY(j, "driver %s", vf->pci.driver);
	return is_taken(vf) && vf->state != DEVICE_HOST ? vf->why : NULL;
}

static const char *vfs_in_the_way(struct judging *j, const struct device *pf)
{
	struct strv used = { 0 };

	for (size_t i = 0; i < pf->pci.vfs.n; i++) {
		const struct device *vf = device_find(j->l->inv, pf->pci.vfs.v[i]);
		const char *user = vf ? user_of_vf(j, vf) : NULL;

		if (user)
			strv_push(j->l->ctl->host.arena, &used,
				  SAY(j, "%s (%s)", vf->pci.address, user));
	}
	return judge_vfs(j->l->ctl->host.arena, &pf->pci, &used,
			 settings_of_device(&j->l->settings, pf->pci.address));
}

static void ask_about_vfs(struct judging *j)
{
	for (size_t i = 0; i < j->l->inv->n; i++) {
		struct device *d = &j->l->inv->v[i];
		const char *why = d->state == DEVICE_FREE ? vfs_in_the_way(j, d) : NULL;

		if (why)
			set(d, DEVICE_BLOCKED, SAY(j, "it %s", why));
	}
}

static const struct device *first_taken(const struct look *l, const struct strv *addresses)
{
	for (size_t i = 0; i < addresses->n; i++) {
		const struct device *d = device_find(l->inv, addresses->v[i]);

		if (d && is_taken(d))
			return d;
	}
	return NULL;
}

static void look_around(struct judging *j, struct device *d)
{
	const struct device *mate = first_taken(j->l, &d->mates);

	if (mate)
		set(d, mate->state == DEVICE_UNKNOWN ? DEVICE_UNKNOWN : DEVICE_BLOCKED,
		    SAY(j, "IOMMU group %d also contains %s: %s", d->pci.group, mate->pci.address,
			mate->why ? mate->why : "it is in use"));
}

/* A result must not change the next result: all are computed before the first is set. */
static void ask_about_others(struct judging *j)
{
	struct inventory *inv = j->l->inv;
	struct device *after = arena_alloc(j->l->ctl->host.arena, (inv->n + 1) * sizeof(*after));

	if (inv->n)
		memcpy(after, inv->v, inv->n * sizeof(*after));
	for (size_t i = 0; i < inv->n; i++)
		if (after[i].state == DEVICE_FREE)
			look_around(j, &after[i]);
	if (inv->n)
		memcpy(inv->v, after, inv->n * sizeof(*after));
}

void inventory_judge(struct look *l)
{
	struct judging j = { .l = l };

	for (size_t i = 0; i < l->inv->n; i++)
		for (size_t k = 0; !questions[k](&j, &l->inv->v[i], &l->held[i]);)
			k++;
	ask_about_vfs(&j);
	ask_about_others(&j);
	if (!l->root)
		strv_push(l->ctl->host.arena, &l->inv->unseen,
			  "the programs that have devices open are unknown: only root can "
			  "read /proc/PID/fd");
}
