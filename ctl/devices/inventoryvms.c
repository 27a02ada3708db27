/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which VM has which device? The journals have the devices that the hook assigned. A device that
 * libvirt or a script bound without the hook is on the command line of a QEMU, which every user
 * can read.
 */
#include "ctl/devices/inventoryvms.h"

#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "conf/condition.h"
#include "conf/expand.h"
#include "conf/factsfile.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/inventorylook.h"
#include "device/pciaddr.h"
#include "err.h"
#include "host/host.h"
#include "host/pci/mdev.h"
#include "host/process/vmprocess.h"
#include "host/vfiocdev.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/match.h"

/* ---- mediated devices ---- */

static struct device *parent_of(struct look *l, const char *uuid)
{
	const char *parent = mdev_parent(&l->ctl->host, uuid);

	return parent ? device_find(l->inv, parent) : NULL;
}

static struct inventory_mdev *find_mdev(struct device *d, const char *uuid)
{
	for (size_t i = 0; i < d->n_mdevs; i++)
		if (str_eq(d->mdevs[i].uuid, uuid))
			return &d->mdevs[i];
	return NULL;
}

static void list_mdevs(struct look *l)
{
	struct strv uuids = { 0 };

	mdev_list(&l->ctl->host, &uuids);
	for (size_t i = 0; i < uuids.n; i++) {
		struct device *d = parent_of(l, uuids.v[i]);

		if (d)
			*arena_push(l->ctl->host.arena, d->mdevs, d->n_mdevs, d->mdevs_cap) =
				(struct inventory_mdev){ .uuid = uuids.v[i] };
	}
}

static void give_mdev(struct look *l, const char *uuid, const struct guest *guest)
{
	struct device *d = parent_of(l, uuid);
	struct inventory_mdev *mdev = d ? find_mdev(d, uuid) : NULL;

	if (mdev && !mdev->guest)
		mdev->guest = guest;
}

/* ---- by the journals ---- */

static const struct guest *journal_guest(struct look *l, const struct assigned *h)
{
	struct guest *guest = arena_new(l->ctl->host.arena, struct guest);

	*guest = (struct guest){
		.name = h->journal.name,
		.uuid = h->uuid,
		.since = h->journal.created,
		.pid = h->life == LIFE_QEMU ? h->holder.pid : 0,
	};
	return guest;
}

/* A VM can have a device that was bound by hand. Then both journals have it, and the VM counts. */
static void note_device(struct look *l, const struct assigned *h, const struct journal_device *noted,
			const struct guest *guest)
{
	struct device *d = device_find(l->inv, noted->device);
	struct held *held;

	if (!d)
		return;
	held = &l->held[d - l->inv->v];
	if (h->journal.kind == JOURNAL_HAND) {
		held->hand = h;
		held->noted = noted;
		return;
	}
	held->vm = h;
	d->guest = guest;
	if (!held->noted)
		held->noted = noted;
}

static void note_stuck(struct look *l, const struct journal *j)
{
	for (size_t i = 0; i < j->n_stuck; i++) {
		const char *address = j->stuck[i].device;
		struct device *d = address ? device_find(l->inv, address) : NULL;

		if (d && assigned_is_stuck(l->ctl, &j->stuck[i]))
			l->held[d - l->inv->v].stuck = &j->stuck[i];
	}
}

static void note_journal(struct look *l, const struct assigned *h)
{
	const struct guest *guest = h->journal.kind == JOURNAL_VM ? journal_guest(l, h) : NULL;

	for (size_t i = 0; i < h->journal.n_devices; i++) {
		const struct journal_device *noted = &h->journal.devices[i];

		if (noted->kind == HOSTDEV_PCI)
			note_device(l, h, noted, guest);
		else
			give_mdev(l, noted->device, guest);
	}
	note_stuck(l, &h->journal);
}

static void by_journals(struct look *l)
{
	struct err err = { 0 };

	if (assigned_read(l->ctl, NULL, &l->assigned, &err) < 0)
		strv_push(l->ctl->host.arena, &l->inv->unseen,
			  arena_printf(l->ctl->host.arena,
				       "the devices that the hook has assigned are "
				       "unknown: %s",
				       err.text));
	for (size_t i = 0; i < l->assigned.n; i++)
		if (l->assigned.v[i].problem)
			strv_push(l->ctl->host.arena, &l->inv->unseen, l->assigned.v[i].problem);
		else
			note_journal(l, &l->assigned.v[i]);
}

/* ---- by command lines ---- */

static bool is_unclaimed(const struct look *l, const struct device *d)
{
	for (size_t i = 0; i < d->n_mdevs; i++)
		if (!d->mdevs[i].guest)
			return true;
	return !l->held[d - l->inv->v].vm && d->pci.driver && pci_driver_is_vfio(d->pci.driver);
}

static bool any_unclaimed(const struct look *l)
{
	for (size_t i = 0; i < l->inv->n; i++)
		if (is_unclaimed(l, &l->inv->v[i]))
			return true;
	return false;
}

static void give_pci(struct look *l, const char *written, const struct guest *guest)
{
	const char *address = pciaddr_spell(l->ctl->host.arena, written);
	struct device *d = address ? device_find(l->inv, address) : NULL;

	if (d && !d->guest)
		d->guest = guest;
}

/* What the hook has written of the domain XML. */
static void read_hostdevs(const struct look *l, const struct names *names, struct facts *f)
{
	struct err err;

	*f = (struct facts){ 0 };
	if (names->uuid && factsfile_read(&l->ctl->host, names->uuid, f, &err) < 0)
		*f = (struct facts){ 0 };
}

static void give_all(struct look *l, const struct cmdline *c, const struct names *names,
		     const struct guest *guest)
{
	struct arena *a = l->ctl->host.arena;
	struct strv addresses = { 0 }, mdevs = { 0 };
	struct facts f;

	read_hostdevs(l, names, &f);
	if (!match_all_passed(&l->ctl->host, c, &f.hostdevs, &addresses, &mdevs))
		strv_push(a, &l->inv->unseen,
			  arena_printf(a,
				       "VM %s (process %ld) has a PCI device of the host, and its "
				       "command line does not say which%s",
				       names->name ? str_printable(a, names->name) : "without a name",
				       (long)guest->pid, l->root ? "" : "; root can see it"));
	for (size_t i = 0; i < addresses.n; i++)
		give_pci(l, addresses.v[i], guest);
	for (size_t i = 0; i < mdevs.n; i++)
		give_mdev(l, mdevs.v[i], guest);
}

static void read_qemu(struct look *l, struct process p)
{
	const struct qemuopts opts = { 0 };
	struct guest *guest = arena_new(l->ctl->host.arena, struct guest);
	struct strv words = { 0 };
	struct names names;
	struct cmdline c;

	if (host_cmdline(&l->ctl->host, p.pid, &words) < 0 || !words.n)
		return;
	strv_push(l->ctl->host.arena, &words, NULL);
	cmdline_parse(l->ctl->host.arena, &opts, (char *const *)(const void *)words.v, &c);
	match_names(l->ctl->host.arena, &c, &names);
	*guest = (struct guest){ .name = names.name,
				 .uuid = names.uuid,
				 .since = process_since(l->ctl->host.arena, p),
				 .pid = p.pid };
	c.files = vfiocdev_files_of(&l->ctl->host, p.pid);
	give_all(l, &c, &names, guest);
}

/*
 * A listing decides nothing: whoever runs a QEMU has the devices of its command line. Only root
 * can see which program a process of another user runs.
 */
static bool is_qemu(const struct uuid_process *p)
{
	return p->emulator || geteuid() != 0 || process_is_vm(p, (struct vm_user){ 0 });
}

static void by_command_lines(struct look *l)
{
	struct uuid_processes found = { 0 };

	if (!any_unclaimed(l))
		return;
	process_uuids(&l->ctl->host, &found);
	for (size_t i = 0; i < found.n; i++)
		if (is_qemu(&found.v[i]))
			read_qemu(l, found.v[i].process);
}

void inventory_guests(struct look *l)
{
	list_mdevs(l);
	by_journals(l);
	by_command_lines(l);
}
