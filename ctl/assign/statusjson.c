/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/assign/statusjson.h"

#include "ctl/assign/assigned.h"
#include "ctl/ctl.h"
#include "hooks/journal/shape.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "jsondoc.h"

#define STATUS_VERSION 1

static const char *const life_names[] = {
	[LIFE_NONE] = "left-over",    [LIFE_IN_PROGRESS] = "in-progress", [LIFE_QEMU] = "running",
	[LIFE_STARTING] = "starting", [LIFE_NODE_OPEN] = "node-open",	  [LIFE_HAND] = "by-hand",
	[LIFE_UNKNOWN] = "unknown",
};

static void add_device(struct ctl *ctl, struct json_object *o, const struct journal_device *d)
{
	if (d->kind == HOSTDEV_PCI)
		jsondoc_put(ctl->host.arena, o, "driver_now",
			    pci_driver(&ctl->host, d->device));
	else
		json_object_object_add(
			o, "exists", json_object_new_boolean(mdev_exists(&ctl->host, d->device)));
}

static struct json_object *member(struct json_object *journal, const char *list, size_t i)
{
	return json_object_array_get_idx(json_object_object_get(journal, list), i);
}

/* The journal as it is, with what is only to be seen now. */
static struct json_object *journal_now(struct ctl *ctl, const struct assigned *h)
{
	struct json_object *o = journal_json(ctl->host.arena, &h->journal);

	json_object_object_del(o, "version");
	jsondoc_put(ctl->host.arena, o, "life", life_names[h->life]);
	if (h->holder.pid)
		json_object_object_add(o, "holder", json_object_new_int64(h->holder.pid));
	for (size_t i = 0; i < h->journal.n_devices; i++)
		add_device(ctl, member(o, "devices", i), &h->journal.devices[i]);
	for (size_t i = 0; i < h->journal.n_stuck; i++)
		json_object_object_add(
			member(o, "stuck", i), "still_stuck",
			json_object_new_boolean(assigned_is_stuck(ctl, &h->journal.stuck[i])));
	return o;
}

static struct json_object *problem(struct ctl *ctl, const struct assigned *h)
{
	struct json_object *o = json_object_new_object();

	jsondoc_put(ctl->host.arena, o, "uuid", h->uuid);
	jsondoc_put(ctl->host.arena, o, "problem", h->problem);
	return o;
}

struct json_object *status_json(struct ctl *ctl, const struct assigned_list *list)
{
	struct json_object *vms = json_object_new_array(), *o = json_object_new_object();

	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(
			vms, (list->v[i].problem ? problem : journal_now)(ctl, &list->v[i]));
	json_object_object_add(o, "version", json_object_new_int(STATUS_VERSION));
	json_object_object_add(o, "vms", vms);
	return o;
}
