/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "host/act/child.h"

#define ROUTES_MAX (sizeof(((struct report *)0)->text) / sizeof(struct default_route))

/* RTNH_ALIGN(), RTA_ALIGN(), NLMSG_ALIGN() are all this, by way of an int. */
static size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* ---- in the child: no allocation, and what it finds goes into the report ---- */

static void route_add(struct report *report, int family, int ifindex)
{
	struct default_route *found = (void *)report->text;
	struct default_routes all = { found, report->len / sizeof(*found) };

	if (routes_have(&all, family, ifindex))
		return;
	if (all.n == ROUTES_MAX) {
		report->error = E2BIG;
		return;
	}
	found[all.n] = (struct default_route){ family, ifindex };
	report->len += sizeof(*found);
}

static void legs_add(struct report *report, int family, const struct rtattr *legs)
{
	const struct rtnexthop *hop = RTA_DATA(legs);
	size_t left = RTA_PAYLOAD(legs);

	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		size_t step = aligned(hop->rtnh_len);

		route_add(report, family, hop->rtnh_ifindex);
		if (step >= left)
			break;
		left -= step;
		hop = (const void *)((const char *)hop + step);
	}
}

/* 0/1 and 128/1 are what a VPN's client writes for "all". */
static bool is_default(const struct nlmsghdr *m, const struct rtmsg *route)
{
	return m->nlmsg_type == RTM_NEWROUTE && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)) &&
	       route->rtm_type == RTN_UNICAST && route->rtm_dst_len <= 1 &&
	       !(route->rtm_flags & RTM_F_CLONED);
}

static void message_read(struct report *report, const struct nlmsghdr *m)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	const struct rtattr *a = RTM_RTA(route);
	size_t left;

	if (!is_default(m, route))
		return;
	left = m->nlmsg_len - NLMSG_LENGTH(sizeof(*route));
	while (left >= sizeof(*a) && a->rta_len >= sizeof(*a) && a->rta_len <= left) {
		size_t step = aligned(a->rta_len);
		int ifindex;

		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof(ifindex)) {
			memcpy(&ifindex, RTA_DATA(a), sizeof(ifindex));
			route_add(report, route->rtm_family, ifindex);
		} else if (a->rta_type == RTA_MULTIPATH) {
			legs_add(report, route->rtm_family, a);
		}
		if (step >= left)
			break;
		left -= step;
		a = (const void *)((const char *)a + step);
	}
}

/* true while more messages follow. */
static bool messages_read(struct report *report, const char *buf, size_t len)
{
	const struct nlmsghdr *m = (const void *)buf;

	while (len >= sizeof(*m) && m->nlmsg_len >= sizeof(*m) && m->nlmsg_len <= len) {
		size_t step = aligned(m->nlmsg_len);

		if (m->nlmsg_type == NLMSG_ERROR)
			report->error = EIO;
		if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
			return false;
		message_read(report, m);
		if (step >= len)
			break;
		len -= step;
		m = (const void *)((const char *)m + step);
	}
	return true;
}

static void family_read(struct report *report, int fd, int family)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = (unsigned char)family },
	};
	_Alignas(struct nlmsghdr) char buf[32 * 1024]; /* the most that netlink_dump() sends at once */
	ssize_t got = send(fd, &ask, sizeof(ask), 0);

	while (got >= 0) {
		got = recv(fd, buf, sizeof(buf), 0);
		if (got > 0 && !messages_read(report, buf, (size_t)got))
			return;
		if (got == 0)
			break;
	}
	report->error = got < 0 ? errno : EIO;
}

static void task_routes(const struct task *t)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0) {
		t->report->error = errno;
		return;
	}
	family_read(t->report, fd, AF_INET);
	if (t->report->error == 0)
		family_read(t->report, fd, AF_INET6);
}

/* ---- in the caller ---- */

int routes_read(struct arena *a, int deadline, struct default_routes *out)
{
	_cleanup_report_ struct report *report = NULL;
	struct task t = { .run = task_routes, .stderr_fd = -1 };
	struct default_route *copy;
	int rc = report_new(&report);

	*out = (struct default_routes){ 0 };
	if (rc < 0)
		return rc;
	t.report = report;
	rc = child_do(a, &t, deadline, NULL);
	if (rc < 0)
		return rc;
	copy = arena_alloc(a, report->len + 1);
	memcpy(copy, report->text, report->len);
	*out = (struct default_routes){ copy, report->len / sizeof(*copy) };
	return 0;
}

bool routes_have(const struct default_routes *routes, int family, int ifindex)
{
	for (size_t i = 0; i < routes->n; i++)
		if (routes->v[i].family == family && routes->v[i].ifindex == ifindex)
			return true;
	return false;
}
