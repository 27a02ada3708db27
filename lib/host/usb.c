/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/usb.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arena.h"
#include "cleanup.h"
#include "device/deviceid.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

#define CLASS_HUB "09"

/* "1-4.2", but not "usb1" (a root hub) and not "1-4.2:1.0" (an interface). */
static bool is_port(const char *name)
{
	return isdigit((unsigned char)*name) && strchr(name, '-') && !strchr(name, ':');
}

static unsigned decimal_at(struct arena *a, int folder, const char *name)
{
	const char *text = sysfs_text_at(a, folder, name);

	return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static void read_one(const struct host *host, const char *port, struct usb_devices *devices)
{
	_cleanup_fd_ int folder =
		sysfs_folder(host, arena_printf(host->arena, USB_DEVICES "/%s", port));
	const char *vendor, *product, *class;

	if (folder < 0)
		return;
	vendor = sysfs_text_at(host->arena, folder, "idVendor");
	product = sysfs_text_at(host->arena, folder, "idProduct");
	class = sysfs_text_at(host->arena, folder, "bDeviceClass");
	if (!vendor || !product || (class && str_eq(class, CLASS_HUB)))
		return;
	*arena_push(host->arena, devices->v, devices->n, devices->cap) = (struct usb_device){
		.port = port,
		.id = arena_printf(host->arena, "%s:%s", vendor, product),
		.maker = sysfs_text_at(host->arena, folder, "manufacturer"),
		.product = sysfs_text_at(host->arena, folder, "product"),
		.bus = decimal_at(host->arena, folder, "busnum"),
		.number = decimal_at(host->arena, folder, "devnum"),
	};
}

void usb_list(const struct host *host, struct usb_devices *devices)
{
	struct strv names = { 0 };

	sysfs_list(host, USB_DEVICES, &names);
	for (size_t i = 0; i < names.n; i++)
		if (is_port(names.v[i]))
			read_one(host, names.v[i], devices);
}

bool usb_wanted(const char *text, struct usb_wanted *w)
{
	const char *dot = strpbrk(text, ".-");

	*w = (struct usb_wanted){ 0 };
	if (deviceid_is(text))
		w->id = text;
	else if (isdigit((unsigned char)*text) && dot) {
		w->bus = (unsigned)strtoul(text, NULL, 10);
		w->ports = dot + 1;
	}
	return w->id || w->bus;
}

static bool is_wanted(const struct usb_device *d, const struct usb_wanted *w)
{
	const char *ports = strchr(d->port, '-');

	return (!w->id || strcasecmp(w->id, d->id) == 0) &&
	       (!w->ports || (ports && str_eq(ports + 1, w->ports))) &&
	       (!w->bus || w->bus == d->bus) && (!w->number || w->number == d->number);
}

void usb_find(const struct host *host, const struct usb_wanted *w, struct usb_devices *found)
{
	struct usb_devices all = { 0 };

	usb_list(host, &all);
	for (size_t i = 0; i < all.n; i++)
		if (is_wanted(&all.v[i], w))
			*arena_push(host->arena, found->v, found->n, found->cap) = all.v[i];
}
