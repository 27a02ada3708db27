/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct subdevices;
struct pci_function;

/*
 * Why this host needs a network interface, in words that end a sentence ("eth0
 * …"): "carries the default route", "carries the IPv6 default route", "is a port
 * of bridge br0", "is a slave of bond bond0", "has eth0.5 (VLAN) on top" (any upper_*
 * link). NULL: nothing known.
 * From /sys/class/net/NAME and the routes of all tables (lib/host/use/routes.h); below a
 * KVMSHIM_ROOT and where netlink fails, from /proc/net/route and ipv6_route.
 */
const char *uses_of_interface(const struct host *host, const char *name);

/*
 * Why this host needs a function itself, in a sentence: an Ethernet function with a
 * driver and without an interface, which somebody in another network namespace has.
 * NULL: nothing known.
 */
const char *uses_of_function(const struct host *host, const struct pci_function *f,
			     const struct subdevices *b);
