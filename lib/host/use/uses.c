/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/uses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "arena.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "host/pci/subdevices.h"
#include "host/sysfs.h"
#include "host/use/routes.h"
#include "root.h"

/* linux/route.h, linux/ipv6_route.h */
#define ROUTE_UP 0x0001u
#define ROUTE_REJECT 0x0200u

/* Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask … (net/ipv4/fib_trie.c) */
static bool has_ipv4_default(const struct host *host, const char *name)
{
	char *text, *line;
	size_t len;

	if (host_read(host, "/proc/net/route", &text, &len) < 0)
		return false;
	while ((line = strsep(&text, "\n"))) {
		char iface[64];
		unsigned long to, flags, mask;

		if (sscanf(line, "%63s %lx %*s %lx %*s %*s %*s %lx", iface, &to, &flags, &mask) ==
			    4 &&
		    str_eq(iface, name) && !to && !mask && flags & ROUTE_UP)
			return true;
	}
	return false;
}

/* Columns: destination, its prefix, source, its prefix, next hop, metric, …, flags, device. */
static bool has_ipv6_default(const struct host *host, const char *name)
{
	static const char nowhere[] = "00000000000000000000000000000000";
	char *text, *line;
	size_t len;

	if (host_read(host, "/proc/net/ipv6_route", &text, &len) < 0)
		return false;
	while ((line = strsep(&text, "\n"))) {
		char to[33], iface[64];
		unsigned prefix, flags;

		if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %x %63s", to, &prefix, &flags,
			   iface) == 4 &&
		    str_eq(iface, name) && str_eq(to, nowhere) && !prefix &&
		    (flags & (ROUTE_UP | ROUTE_REJECT)) == ROUTE_UP)
			return true;
	}
	return false;
}

static const char *net_path(struct arena *a, const char *name, const char *file)
{
	return arena_printf(a, "/sys/class/net/%s/%s", name, file);
}

static const char *master_text(const struct host *host, const char *name)
{
	const char *master = sysfs_link(host, net_path(host->arena, name, "master"));

	if (!master)
		return NULL;
	if (sysfs_has(host, net_path(host->arena, name, "brport")) ||
	    sysfs_has(host, net_path(host->arena, master, "bridge")))
		return arena_printf(host->arena, "is a port of bridge %s", master);
	if (sysfs_has(host, net_path(host->arena, name, "bonding_slave")) ||
	    sysfs_has(host, net_path(host->arena, master, "bonding")))
		return arena_printf(host->arena, "is a slave of bond %s", master);
	return arena_printf(host->arena, "belongs to %s", master);
}

static bool is_vlan(const struct host *host, const char *name)
{
	size_t len;
	char *text;

	return sysfs_has(host, arena_printf(host->arena, "/proc/net/vlan/%s", name)) ||
	       (host_read(host, net_path(host->arena, name, "uevent"), &text, &len) == 0 &&
		strstr(text, "DEVTYPE=vlan"));
}

/* An interface on top of this interface is an upper_* link of it. */
static const char *upper_text(const struct host *host, const char *name)
{
	static const char front[] = "upper_";
	struct strv names = { 0 };

	sysfs_list(host, net_path(host->arena, name, ""), &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *upper = names.v[i] + strlen(front);

		if (str_starts(names.v[i], front))
			return arena_printf(host->arena, "has %s%s on top", upper,
					    is_vlan(host, upper) ? " (VLAN)" : "");
	}
	return NULL;
}

/* The main table, and of a route with several legs only the first. */
static const char *route_in_proc(const struct host *host, const char *name)
{
	if (has_ipv4_default(host, name))
		return "carries the default route";
	return has_ipv6_default(host, name) ? "carries the IPv6 default route" : NULL;
}

#define ROUTES_DEADLINE 5000 /* ms: under load a full table of the Internet takes one second */

static const char *route_text(const struct host *host, const char *name)
{
	const char *number = sysfs_text(host, net_path(host->arena, name, "ifindex"));
	struct default_routes routes;
	int rc, ifindex = number ? atoi(number) : 0;

	if (*host->root.prefix || ifindex <= 0)
		return route_in_proc(host, name);
	rc = routes_read(host->arena, ROUTES_DEADLINE, &routes);
	if (rc == -ETIMEDOUT)
		return "possibly carries the default route: the kernel does not return its routes";
	if (rc < 0)
		return route_in_proc(host, name);
	if (routes_have(&routes, AF_INET, ifindex))
		return "carries the default route";
	return routes_have(&routes, AF_INET6, ifindex) ? "carries the IPv6 default route" : NULL;
}

const char *uses_of_interface(const struct host *host, const char *name)
{
	const char *why = route_text(host, name);

	if (why)
		return why;
	why = master_text(host, name);
	return why ? why : upper_text(host, name);
}

/* Drivers that take a network card and make no interface of it. */
static bool is_no_network_driver(const char *driver)
{
	static const char *const drivers[] = { "igb_uio", "pci-pf-stub", "pci-stub", "pciback",
					       "uio_pci_generic", "xen-pciback" };

	return STR_AMONG(drivers, driver) || pci_driver_is_vfio(driver);
}

/* virtio-pci makes a virtio device of it, which may be without a driver. */
static bool is_driverless_virtio(const struct host *host, const struct pci_function *f)
{
	struct strv names = { 0 };

	if (!str_eq(f->driver, "virtio-pci"))
		return false;
	sysfs_list(host, pci_attribute_path(host->arena, f->address, ""), &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *driver = arena_printf(host->arena, "%s/driver", names.v[i]);

		if (str_starts(names.v[i], "virtio") &&
		    sysfs_has(host, pci_attribute_path(host->arena, f->address, driver)))
			return false;
	}
	return true;
}

#define CLASS_ETHERNET 0x0200u /* PCI_CLASS_NETWORK_ETHERNET of linux/pci_ids.h, without the interface */

/*
 * net/ of a device shows the interfaces of our network namespace only: the class is
 * tagged (net_ns_type_operations of net/core/net-sysfs.c).
 */
const char *uses_of_function(const struct host *host, const struct pci_function *f,
			     const struct subdevices *b)
{
	if (f->class >> 8 != CLASS_ETHERNET || b->interfaces.n || !f->driver ||
	    is_no_network_driver(f->driver) || is_driverless_virtio(host, f))
		return NULL;
	return arena_printf(host->arena,
			    "driver %s shows no interface: the interface is in another network "
			    "namespace, for example of a container",
			    f->driver);
}
