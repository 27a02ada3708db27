/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/*
 * The default routes of this machine as the kernel has them (rtnetlink(7)): of all
 * tables, and all legs of those with several.
 */
struct default_route {
	int family;  /* AF_INET, AF_INET6 */
	int ifindex; /* of the interface that the route uses */
};

struct default_routes {
	const struct default_route *v;
	size_t n;
};

/*
 * 0, -errno, or -ETIMEDOUT: it is asked under a lock (RTNL) that a network driver which
 * hangs may hold. deadline in milliseconds. A route to one half of all addresses counts.
 */
int routes_read(struct arena *a, int deadline, struct default_routes *out);

bool routes_have(const struct default_routes *routes, int family, int ifindex);
