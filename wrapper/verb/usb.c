/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pass-usb: a USB device of the host, by vendor and product or by bus and port. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "device/deviceid.h"
#include "err.h"
#include "glob.h"
#include "host/pci/subdevices.h"
#include "host/usb.h"
#include "host/use/usesusb.h"
#include "str.h"
#include "wrapper/line/view.h"
#include "wrapper/verb/common.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/highverbs.h"

/* The ports of an xHCI if p2= is not given: hcd-xhci-pci.c. */
#define XHCI_PORTS 4
#define XHCI_PORTS_MAX 15 /* hw/usb/hcd-xhci.h */

/* 1.4, 3.2.1: a bus, and the ports that lead to the device; sysfs writes 1-4, 3-2.1. */
static bool is_usb_port(const char *s)
{
	size_t bus = strspn(s, "0123456789");
	bool digit = false;

	if (bus == 0 || (s[bus] != '.' && s[bus] != '-'))
		return false;
	for (s += bus + 1; *s; s++) {
		if (*s == '.' ? !digit : !isdigit((unsigned char)*s))
			return false;
		digit = *s != '.';
	}
	return digit;
}

static int check_usb(struct arena *a, const struct params *p, struct err *err)
{
	(void)a;
	if (strchr(p->place[0], '%') || deviceid_is(p->place[0]) || is_usb_port(p->place[0]))
		return params_check_in_use(p, err);
	return err_set(err, EINVAL,
		       "'%s': must be VENDOR:PRODUCT, each of four hex digits, or BUS.PORT",
		       p->place[0]);
}

/* usb-host's own words for the device. */
static const char *host_device(struct arena *a, const char *what)
{
	size_t bus;

	if (deviceid_is(what))
		return arena_printf(a, "vendorid=0x%.4s,productid=0x%s", what, what + 5);
	bus = strcspn(what, ".-");
	return arena_printf(a, "hostbus=%.*s,hostport=%s", (int)bus, what, what + bus + 1);
}

/* "0x46d", "1133": as numbers; hostport ("1.2") is a path and stays text. */
static bool same_number(const struct optval *v, const char *key, const char *value, int base)
{
	const struct prop *p = optval_get(v, key);

	return p && strtoul(p->value, NULL, 0) == strtoul(value, NULL, base);
}

static bool is_this(const struct optval *v, const char *what)
{
	const struct prop *port = optval_get(v, "hostport");
	const char *dot = strchr(what, '.');

	if (!dot)
		return same_number(v, "vendorid", what, 16) &&
		       same_number(v, "productid", what + 5, 16);
	return port && str_eq(port->value, dot + 1) && same_number(v, "hostbus", what, 10);
}

static bool is_passed(struct edit *e, const char *what)
{
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(e->c, &at));) {
		const struct prop *driver = optval_get(v, "driver");

		if (driver && str_eq(driver->value, "usb-host") && is_this(v, what))
			return true;
	}
	return false;
}

/* A device that is on a USB bus. */
static bool is_usb(const char *driver)
{
	return (str_starts(driver, "usb-") && !str_eq(driver, "usb-ehci")) ||
	       str_starts(driver, "u2f-");
}

/*
 * The next xHCI that the line has in key=value form. One in JSON is created after all that we
 * add in key=value form, so only what we write as JSON can be on it: that is on one of ours only.
 */
static const struct optval *next_xhci(struct edit *e, size_t *at)
{
	for (const struct optval *v; (v = view_next_device(e->c, at));) {
		const struct prop *driver = optval_get(v, "driver"), *id = optval_get(v, "id");

		if (driver && id && glob_match("*-xhci", driver->value) &&
		    (!v->json || str_starts(id->value, "kvmshim-xhci")))
			return v;
	}
	return NULL;
}

/*
 * Ports of a bus, 1 to n, that devices of the command line use: by number, or as QEMU assigns
 * them. QEMU has as many ports as p2= or p3=, whichever is more, but a device of USB 2 cannot
 * be on those behind p2=.
 */
struct ports {
	const char *bus;
	bool taken[XHCI_PORTS_MAX + 1];
	unsigned n, n_taken, n_given;
	bool floating; /* a device without bus=, which may be on this bus or on another */
	bool later;    /* one that QEMU makes after ours */
};

/* usb_claim_port() of hw/usb/bus.c: a device without port= gets the first that is free. */
static void take_one(struct ports *p, const struct optval *v)
{
	const struct prop *bus = optval_get(v, "bus"), *port = optval_get(v, "port"),
			  *driver = optval_get(v, "driver");
	unsigned long at = port ? strtoul(port->value, NULL, 10) : 0;

	if (bus ? !str_eq(bus->value, p->bus) : !driver || !is_usb(driver->value))
		return;
	p->floating |= !bus;
	if (!port) {
		p->n_given++;
		p->later |= v->json;
	}
	if (!at || at > p->n || p->taken[at])
		return;
	p->taken[at] = true;
	p->n_taken++;
}

static void take_ports(struct edit *e, struct ports *p)
{
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(e->c, &at));)
		take_one(p, v);
}

static unsigned long port_count(const struct optval *xhci, const char *key)
{
	const struct prop *count = optval_get(xhci, key);

	return count ? strtoul(count->value, NULL, 0) : XHCI_PORTS;
}

/*
 * libvirt plugs in from the first port up, and so does QEMU: ours go from the last down. If QEMU
 * had only one port left for a device that comes later, it would put a hub on this port.
 */
static int take_port(struct edit *e, const struct optval *xhci, struct ports *p,
		     const char **where, struct err *err)
{
	unsigned long n = port_count(xhci, "p2");
	unsigned port;

	*p = (struct ports){ .n = n < XHCI_PORTS_MAX ? (unsigned)n : XHCI_PORTS_MAX };
	port = p->n;
	p->bus = arena_printf(e->arena, "%s.0", optval_get(xhci, "id")->value);
	take_ports(e, p);
	if (p->n_taken + p->n_given + p->later >= p->n)
		return err_set(err, ENOSPC, "%s has no free port", p->bus);
	while (p->taken[port])
		port--;
	*where = arena_printf(e->arena, "bus=%s,port=%u", p->bus, port);
	return 0;
}

static int own_controller(struct edit *e, const struct params *p, const struct optval **xhci,
			  struct err *err)
{
	const char *id = high_id(e, "kvmshim-xhci");
	struct place place;
	int rc = high_slot(e, params_get(p, "bus"), params_get(p, "addr"), &place, err);

	if (!rc)
		rc = high_add_device(e, place.json, err, "qemu-xhci,id=%s,p2=15,p3=15%s", id,
				     high_where(e, &place));
	*xhci = rc ? NULL : high_device(e, id);
	return rc;
}

/* bus= and addr= are the place of a controller of ours. */
static int check_place(const struct params *p, const struct optval *xhci, struct err *err)
{
	static const char *const keys[] = { "addr", "bus" };

	for (size_t i = 0; i < 2; i++)
		if (params_get(p, keys[i]))
			return err_set(err, EEXIST,
				       "%s=%s: this device uses controller %s, which already "
				       "exists; remove %s=",
				       keys[i], params_get(p, keys[i]), optval_get(xhci, "id")->value,
				       keys[i]);
	return 0;
}

/*
 * The controller of the device: one of the command line, or one of ours if it has none, or if
 * QEMU itself fills the ports of all of them.
 */
static int find_port(struct edit *e, const struct params *p, const struct optval **xhci,
		     const char **where, struct err *err)
{
	struct ports ports = { 0 };
	bool full = false;
	size_t at = 0;
	int rc;

	while ((*xhci = next_xhci(e, &at))) {
		rc = take_port(e, *xhci, &ports, where, err);
		if (!rc)
			return check_place(p, *xhci, err);
		full |= !ports.floating;
	}
	if (full)
		return -ENOSPC;
	rc = own_controller(e, p, xhci, err);
	return rc ? rc : take_port(e, *xhci, &(struct ports){ 0 }, where, err);
}

/* QEMU takes it from the driver of the host: a mounted disk is gone, and so is a network. */
static int check_unused(struct edit *e, const struct params *p, struct err *err)
{
	struct host host = high_host(e);
	struct usb_devices found = { 0 };
	struct usb_wanted w = { 0 };
	struct strv uses = { 0 };

	if (!params_get(p, "in-use") && usb_wanted(p->place[0], &w))
		usb_find(&host, &w, &found);
	for (size_t i = 0; i < found.n && !uses.n; i++)
		uses_of_usb(&host, &found.v[i], &(struct subdevices){ 0 }, &uses);
	if (!uses.n)
		return 0;
	return err_set(err, EBUSY,
		       "%s is in use by the host: %s; stop this use, or write in-use=yes",
		       p->place[0], uses.v[0]);
}

static int apply_usb(struct edit *e, const struct params *p, struct err *err)
{
	const char *words = host_device(e->arena, p->place[0]), *where = NULL;
	const struct optval *xhci = NULL;
	int rc = check_usb(e->arena, p, err);

	if (!rc && is_passed(e, p->place[0]))
		rc = err_set(err, EEXIST, "%s is already on the command line", p->place[0]);
	if (!rc)
		rc = check_unused(e, p, err);
	if (!rc)
		rc = find_port(e, p, &xhci, &where, err);
	return rc ? rc : high_add_device(e, xhci->json, err, "usb-host,%s,id=%s,%s", words,
					 high_id(e, "kvmshim-usb"), where);
}

const struct high high_pass_usb = {
	.form = {
		.usage = "VENDOR:PRODUCT|BUS.PORT [in-use=yes] [bus=BUS] [addr=SLOT]",
		.places = 1,
		.keys = (const char *const[]){ "in-use", "bus", "addr", NULL },
	},
	.check = check_usb,
	.apply = apply_usb,
};
