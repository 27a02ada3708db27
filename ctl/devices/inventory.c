/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/inventory.h"

#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/inventorylook.h"
#include "ctl/devices/inventorystate.h"
#include "ctl/devices/inventoryvms.h"
#include "ctl/devices/pcinames.h"
#include "host/modalias.h"
#include "host/process/opendevices.h"

/* A function that cannot be read any more was unplugged in the meantime. */
static void read_functions(struct ctl *ctl, struct inventory *inv)
{
	_cleanup_fd_ int all = pcihost_open(&ctl->host);
	struct strv addresses = { 0 };
	struct pci_slots slots = { 0 };

	pcihost_addresses(&ctl->host, &addresses);
	pcihost_slots(&ctl->host, &slots);
	for (size_t i = 0; i < addresses.n; i++) {
		struct device d = { 0 };

		if (pcihost_read(ctl->host.arena, all, addresses.v[i], &d.pci, &d.place) < 0)
			continue;
		d.slot = pcihost_slot(&slots, addresses.v[i]);
		*arena_push(ctl->host.arena, inv->v, inv->n, inv->cap) = d;
	}
}

static void add_names(struct ctl *ctl, struct inventory *inv)
{
	struct pcinames *names = pcinames_open(&ctl->host);
	const char *missing = pcinames_missing(names);

	for (size_t i = 0; i < inv->n; i++) {
		struct device *d = &inv->v[i];

		d->vendor_name = pcinames_vendor(names, d->pci.id);
		d->name = pcinames_device(names, d->pci.id);
		d->class_name = pcinames_class(names, d->pci.class);
	}
	if (missing)
		strv_push(ctl->host.arena, &inv->unseen,
			  arena_printf(ctl->host.arena,
				       "the names of devices are unknown: %s cannot be read "
				       "(package pci.ids or "
				       "hwdata)",
				       missing));
	pcinames_close(names);
}

static int compare_groups(const void *a, const void *b)
{
	const struct device *x = *(struct device *const *)a, *y = *(struct device *const *)b;

	if (x->pci.group != y->pci.group)
		return x->pci.group < y->pci.group ? -1 : 1;
	return x < y ? -1 : 1;
}

static void add_mates(struct ctl *ctl, struct device **sorted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (k != i && !sorted[k]->pci.bridge)
				strv_push(ctl->host.arena, &sorted[i]->mates,
					  sorted[k]->pci.address);
}

static void find_mates(struct ctl *ctl, struct inventory *inv)
{
	struct device **sorted =
		arena_alloc(ctl->host.arena, (inv->n + 1) * sizeof(struct device *));
	size_t end;

	for (size_t i = 0; i < inv->n; i++)
		sorted[i] = &inv->v[i];
	if (inv->n)
		qsort(sorted, inv->n, sizeof(struct device *), compare_groups);
	for (size_t i = 0; i < inv->n; i = end) {
		for (end = i + 1; end < inv->n; end++)
			if (sorted[end]->pci.group != sorted[i]->pci.group)
				break;
		if (sorted[i]->pci.group >= 0)
			add_mates(ctl, sorted + i, end - i);
	}
}

static void set_home(struct device *d, enum home_from from, const char *driver)
{
	d->home = driver;
	d->home_from = driver ? from : HOME_NONE;
}

/* The driver that the kernel would load for it: only for a device without a host driver. */
static void guess_home(struct ctl *ctl, struct modaliases *aliases, bool *read, struct device *d)
{
	struct strv modules = { 0 };

	if (!*read)
		modaliases_read(&ctl->host, NULL, aliases);
	*read = true;
	modaliases_find(ctl->host.arena, aliases, d->pci.modalias, &modules);
	if (modules.n)
		set_home(d, HOME_MODULES, pci_driver_of_module(&ctl->host, modules.v[0]));
}

static void find_homes(struct look *l)
{
	struct modaliases aliases = { 0 };
	bool read = false;

	for (size_t i = 0; i < l->inv->n; i++) {
		struct device *d = &l->inv->v[i];

		if (l->held[i].noted)
			set_home(d, HOME_JOURNAL, l->held[i].noted->driver);
		else if (d->pci.driver && !pci_driver_is_vfio(d->pci.driver))
			set_home(d, HOME_NOW, d->pci.driver);
		else if (!d->pci.bridge)
			guess_home(l->ctl, &aliases, &read, d);
	}
}

void inventory_read(struct ctl *ctl, struct inventory *inv)
{
	struct look l = { .ctl = ctl,
			  .inv = inv,
			  .root = opendevices_seen() || *ctl->host.root.prefix };

	*inv = (struct inventory){ 0 };
	read_functions(ctl, inv);
	add_names(ctl, inv);
	find_mates(ctl, inv);
	assigned_settings(ctl, &l.settings);
	l.held = arena_alloc(ctl->host.arena, (inv->n + 1) * sizeof(*l.held));
	inventory_guests(&l);
	find_homes(&l);
	inventory_judge(&l);
}
