/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmshim devices --json`: its members are described in kvmshim(8). */
#include "ctl/devices/json.h"

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/filter.h"
#include "ctl/devices/words.h"
#include "jsondoc.h"

#define DEVICES_VERSION 1

static struct json_object *list_of(struct arena *a, const struct strv *words)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < words->n; i++)
		json_object_array_add(list, jsondoc_string(a, words->v[i]));
	return list;
}

/* A number below 0 stands for none: null. */
static void add_number(struct json_object *o, const char *key, long number)
{
	json_object_object_add(o, key, number < 0 ? NULL : json_object_new_int64(number));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static struct json_object *guest_json(struct arena *a, const struct guest *guest)
{
	struct json_object *o;

	if (!guest)
		return NULL;
	o = json_object_new_object();
	jsondoc_put(a, o, "name", guest->name);
	jsondoc_put(a, o, "uuid", guest->uuid);
	jsondoc_put(a, o, "since", guest->since);
	add_number(o, "pid", guest->pid ? guest->pid : -1);
	return o;
}

static struct json_object *mdevs_json(struct arena *a, const struct device *d)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->n_mdevs; i++) {
		struct json_object *o = json_object_new_object();

		jsondoc_put(a, o, "uuid", d->mdevs[i].uuid);
		json_object_object_add(o, "vm", guest_json(a, d->mdevs[i].guest));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *vfs_json(struct arena *a, const struct device *d)
{
	struct json_object *o;

	if (d->pci.physfn || (!d->place.total_vfs && !d->pci.vfs.n))
		return NULL;
	o = json_object_new_object();
	add_number(o, "total", d->place.total_vfs);
	json_object_object_add(o, "enabled", list_of(a, &d->pci.vfs));
	return o;
}

static void add_identity(struct arena *a, struct json_object *o, const struct device *d)
{
	jsondoc_put(a, o, "address", d->pci.address);
	jsondoc_put(a, o, "id", d->pci.id);
	jsondoc_put(a, o, "subsystem", d->pci.subsystem);
	jsondoc_put(a, o, "class", arena_printf(a, "%06x", d->pci.class));
	jsondoc_put(a, o, "kind", device_kind(d));
	jsondoc_put(a, o, "class_name", d->class_name);
	jsondoc_put(a, o, "vendor_name", d->vendor_name);
	jsondoc_put(a, o, "name", d->name);
	add_bool(o, "gpu", device_is_gpu(d));
	add_bool(o, "bridge", d->pci.bridge);
	add_bool(o, "boot_vga", d->pci.boot_vga);
}

static void add_place(struct arena *a, struct json_object *o, const struct device *d)
{
	jsondoc_put(a, o, "root", d->place.root);
	jsondoc_put(a, o, "above", d->place.above);
	jsondoc_put(a, o, "slot", d->slot);
	add_number(o, "group", d->pci.group);
	json_object_object_add(o, "shares_group_with", list_of(a, &d->mates));
	add_number(o, "numa_node", d->pci.numa_node);
	json_object_object_add(o, "reset_methods", list_of(a, &d->place.resets));
	jsondoc_put(a, o, "physfn", d->pci.physfn);
	json_object_object_add(o, "vfs", vfs_json(a, d));
}

static struct json_object *device_json(struct arena *a, const struct device *d)
{
	struct json_object *o = json_object_new_object();

	add_identity(a, o, d);
	add_place(a, o, d);
	jsondoc_put(a, o, "driver", d->pci.driver);
	jsondoc_put(a, o, "home_driver", d->home);
	jsondoc_put(a, o, "home_from", device_homes[d->home_from]);
	json_object_object_add(o, "vm", guest_json(a, d->guest));
	json_object_object_add(o, "mdevs", mdevs_json(a, d));
	jsondoc_put(a, o, "state", device_states[d->state]);
	jsondoc_put(a, o, "why", d->why);
	return o;
}

struct json_object *devices_json(struct ctl *ctl, const struct inventory *inv,
				 const struct filter *f)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < inv->n; i++)
		if (filter_takes(f, &inv->v[i]))
			json_object_array_add(list, device_json(ctl->host.arena, &inv->v[i]));
	json_object_object_add(o, "version", json_object_new_int(DEVICES_VERSION));
	json_object_object_add(o, "devices", list);
	json_object_object_add(o, "unseen", list_of(ctl->host.arena, &inv->unseen));
	return o;
}
