/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two messages of rtnetlink, as iproute2's ip/iplink.c sends them: RTM_GETLINK, whose answer
 * has a nest for each VF (rtnl_fill_vf() of net/core/rtnetlink.c), and RTM_SETLINK with a
 * nest for one property of one VF (do_setvfinfo()).
 */
#include "host/act/vflink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/act/child.h"
#include "host/act/helper.h"

_Static_assert(sizeof(struct vf_values) <= sizeof(((struct report *)0)->text), "fits in a report");

/* ---- a message ---- */

struct message {
	union {
		struct nlmsghdr header;
		char bytes[256];
	};
};

/* RTA_ALIGN() and NLMSG_ALIGN() are this, by way of an int. */
static size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/*
 * Returns where the attribute begins. All that is put into a message has room: the most are
 * three nests and a struct ifla_vf_mac.
 */
static size_t put(struct message *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type };
	size_t at = aligned(m->header.nlmsg_len);

	memcpy(m->bytes + at, &a, sizeof(a));
	if (len)
		memcpy(m->bytes + at + sizeof(a), data, len);
	m->header.nlmsg_len = (unsigned)(at + a.rta_len);
	return at;
}

/* All that was put since it began is in it. */
static void close_nest(struct message *m, size_t at)
{
	unsigned short len = (unsigned short)(m->header.nlmsg_len - at);

	memcpy(m->bytes + at + offsetof(struct rtattr, rta_len), &len, sizeof(len));
}

static struct message link_message(unsigned short type, unsigned short flags, int ifindex)
{
	struct message m = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
					 .nlmsg_type = type,
					 .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags) } };
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

	memcpy(m.bytes + NLMSG_HDRLEN, &link, sizeof(link));
	return m;
}

/* ---- one property ---- */

/* Only IFLA_VF_VLAN_INFO has a protocol, and older drivers know the other one alone. */
static void put_vlan_info(struct message *m, unsigned vf, const struct vf_value *v)
{
	size_t list = put(m, IFLA_VF_VLAN_LIST, NULL, 0);
	struct ifla_vf_vlan_info info;

	memset(&info, 0, sizeof(info));
	info.vf = vf;
	info.vlan = v->number;
	info.qos = v->qos;
	info.vlan_proto = htons((unsigned short)v->proto);
	put(m, IFLA_VF_VLAN_INFO, &info, sizeof(info));
	close_nest(m, list);
}

static void put_vlan(struct message *m, unsigned vf, const struct vf_value *v)
{
	struct ifla_vf_vlan vlan = { vf, v->number, v->qos };

	if (v->proto == ETH_P_8021Q)
		put(m, IFLA_VF_VLAN, &vlan, sizeof(vlan));
	else
		put_vlan_info(m, vf, v);
}

static void put_mac(struct message *m, unsigned vf, const struct vf_value *v)
{
	struct ifla_vf_mac mac = { .vf = vf };

	memcpy(mac.mac, v->mac, sizeof(v->mac));
	put(m, IFLA_VF_MAC, &mac, sizeof(mac));
}

static void put_guid(struct message *m, unsigned short type, unsigned vf, const struct vf_value *v)
{
	struct ifla_vf_guid guid;

	memset(&guid, 0, sizeof(guid)); /* the padding too */
	guid.vf = vf;
	guid.guid = v->guid;
	put(m, type, &guid, sizeof(guid));
}

/* IFLA_VF_TX_RATE is the highest rate: the kernel keeps the lowest as it is. */
static void put_property(struct message *m, unsigned vf, enum vf_property p, const struct vf_value *v)
{
	static const unsigned short numbers[VF_PROPERTIES] = {
		[VF_TRUST] = IFLA_VF_TRUST,
		[VF_SPOOFCHK] = IFLA_VF_SPOOFCHK,
		[VF_LINK_STATE] = IFLA_VF_LINK_STATE,
		[VF_MAX_RATE] = IFLA_VF_TX_RATE,
	};
	struct ifla_vf_trust number = { vf, v->number };

	if (p == VF_MAC)
		put_mac(m, vf, v);
	else if (p == VF_VLAN)
		put_vlan(m, vf, v);
	else if (p == VF_NODE_GUID || p == VF_PORT_GUID)
		put_guid(m, p == VF_NODE_GUID ? IFLA_VF_IB_NODE_GUID : IFLA_VF_IB_PORT_GUID, vf, v);
	else
		put(m, numbers[p], &number, sizeof(number));
}

_Static_assert(sizeof(struct ifla_vf_trust) == sizeof(struct ifla_vf_spoofchk) &&
		       sizeof(struct ifla_vf_trust) == sizeof(struct ifla_vf_link_state) &&
		       sizeof(struct ifla_vf_trust) == sizeof(struct ifla_vf_tx_rate),
	       "a VF and a number each");

static struct message set_message(int ifindex, unsigned vf, enum vf_property p,
				  const struct vf_value *v)
{
	struct message m = link_message(RTM_SETLINK, NLM_F_ACK, ifindex);
	size_t list = put(&m, IFLA_VFINFO_LIST, NULL, 0);
	size_t one = put(&m, IFLA_VF_INFO, NULL, 0);

	put_property(&m, vf, p, v);
	close_nest(&m, one);
	close_nest(&m, list);
	return m;
}

static struct message get_message(int ifindex)
{
	struct message m = link_message(RTM_GETLINK, 0, ifindex);
	unsigned mask = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS;

	put(&m, IFLA_EXT_MASK, &mask, sizeof(mask));
	return m;
}

/* ---- the answer: what is in it goes to vf_values, in a child's report ---- */

struct reading {
	unsigned vf;
	struct vf_values *out;
};

typedef void each_fn(const struct reading *r, const struct rtattr *a);

/* NLA_F_NESTED of a newer kernel aside. */
static unsigned type_of(const struct rtattr *a)
{
	return a->rta_type & (unsigned)NLA_TYPE_MASK;
}

static void each(const struct reading *r, const void *from, size_t left, each_fn *fn)
{
	const struct rtattr *a = from;

	while (left >= sizeof(*a) && a->rta_len >= sizeof(*a) && a->rta_len <= left) {
		size_t step = aligned(a->rta_len);

		fn(r, a);
		if (step >= left)
			break;
		left -= step;
		a = (const void *)((const char *)a + step);
	}
}

static void each_within(const struct reading *r, const struct rtattr *nest, each_fn *fn)
{
	each(r, RTA_DATA(nest), RTA_PAYLOAD(nest), fn);
}

static void note(const struct reading *r, enum vf_property p, const struct vf_value *v)
{
	r->out->has[p] = true;
	r->out->v[p] = *v;
}

/* Is it one of this VF? All of them begin with its number. */
static bool copy(const struct reading *r, const struct rtattr *a, void *to, size_t len)
{
	unsigned vf;

	if (RTA_PAYLOAD(a) < len)
		return false;
	memcpy(to, RTA_DATA(a), len);
	memcpy(&vf, to, sizeof(vf));
	return vf == r->vf;
}

static void read_mac(const struct reading *r, const struct rtattr *a)
{
	struct vf_value v = { 0 };
	struct ifla_vf_mac mac;

	if (!copy(r, a, &mac, sizeof(mac)))
		return;
	r->out->found = true;
	memcpy(v.mac, mac.mac, sizeof(v.mac));
	note(r, VF_MAC, &v);
}

static void read_vlan(const struct reading *r, const struct rtattr *a)
{
	struct ifla_vf_vlan vlan;

	if (copy(r, a, &vlan, sizeof(vlan)))
		note(r, VF_VLAN, &(struct vf_value){ .number = vlan.vlan, .qos = vlan.qos,
						     .proto = ETH_P_8021Q });
}

/* After IFLA_VF_VLAN, which has no protocol. */
static void read_vlan_info(const struct reading *r, const struct rtattr *a)
{
	struct ifla_vf_vlan_info info;

	if (type_of(a) == IFLA_VF_VLAN_INFO && copy(r, a, &info, sizeof(info)))
		note(r, VF_VLAN, &(struct vf_value){ .number = info.vlan, .qos = info.qos,
						     .proto = ntohs(info.vlan_proto) });
}

static void read_guid(const struct reading *r, const struct rtattr *a, enum vf_property p)
{
	struct ifla_vf_guid guid;

	if (copy(r, a, &guid, sizeof(guid)))
		note(r, p, &(struct vf_value){ .guid = guid.guid });
}

/* -1 is what rtnl_fill_vfinfo() has for what the driver does not report. */
static void read_number(const struct reading *r, const struct rtattr *a, enum vf_property p,
			unsigned most)
{
	struct ifla_vf_trust number;

	if (copy(r, a, &number, sizeof(number)) && number.setting <= most)
		note(r, p, &(struct vf_value){ .number = number.setting });
}

static void read_property(const struct reading *r, const struct rtattr *a)
{
	switch (type_of(a)) {
	case IFLA_VF_MAC:
		return read_mac(r, a);
	case IFLA_VF_VLAN:
		return read_vlan(r, a);
	case IFLA_VF_VLAN_LIST:
		return each_within(r, a, read_vlan_info);
	case IFLA_VF_TRUST:
		return read_number(r, a, VF_TRUST, 1);
	case IFLA_VF_SPOOFCHK:
		return read_number(r, a, VF_SPOOFCHK, 1);
	case IFLA_VF_LINK_STATE:
		return read_number(r, a, VF_LINK_STATE, IFLA_VF_LINK_STATE_DISABLE);
	case IFLA_VF_TX_RATE:
		return read_number(r, a, VF_MAX_RATE, 0xffffffff);
	case IFLA_VF_IB_NODE_GUID:
		return read_guid(r, a, VF_NODE_GUID);
	case IFLA_VF_IB_PORT_GUID:
		return read_guid(r, a, VF_PORT_GUID);
	default:
		return;
	}
}

static void read_vf(const struct reading *r, const struct rtattr *a)
{
	if (type_of(a) == IFLA_VF_INFO)
		each_within(r, a, read_property);
}

static void read_list(const struct reading *r, const struct rtattr *a)
{
	if (type_of(a) == IFLA_VFINFO_LIST)
		each_within(r, a, read_vf);
}

/* An answer of either message: 0, or the errno that the kernel answers. */
static int answer_read(const struct reading *r, const struct nlmsghdr *m, size_t len)
{
	const size_t before = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	const struct nlmsgerr *error = NLMSG_DATA(m);

	if (len < sizeof(*m) || m->nlmsg_len > len)
		return EIO;
	if (m->nlmsg_type == NLMSG_ERROR && m->nlmsg_len >= NLMSG_LENGTH(sizeof(error->error)))
		return -error->error;
	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < before)
		return EIO;
	each(r, (const char *)m + before, m->nlmsg_len - before, read_list);
	return 0;
}

/* ---- in the child: no allocation ---- */

/* The nest of the VFs is at most 64 KiB: rta_len. */
#define ANSWER_MAX ((size_t)128 * 1024)

static int exchange(const char *request, size_t len, const struct reading *r)
{
	static _Alignas(struct nlmsghdr) char answer[ANSWER_MAX]; /* a child has one thread */
	_cleanup_fd_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t got = fd < 0 || send(fd, request, len, 0) < 0 ? -1 : recv(fd, answer, sizeof(answer), MSG_TRUNC);

	if (got < 0)
		return errno;
	return (size_t)got > sizeof(answer) ? EMSGSIZE :
					      answer_read(r, (const void *)answer, (size_t)got);
}

/* The text is the number of the VF, and the message. */
static void task_exchange(const struct task *t)
{
	struct vf_values *out = (void *)t->report->text;
	struct reading r = { .out = out };

	memcpy(&r.vf, t->text, sizeof(r.vf));
	*out = (struct vf_values){ 0 };
	t->report->error = exchange(t->text + sizeof(r.vf), t->len - sizeof(r.vf), &r);
	t->report->len = sizeof(*out);
}

/* ---- in the caller ---- */

static int link_do(struct arena *a, unsigned vf, const struct message *m, int deadline,
		   struct vf_values *out, struct process *stuck)
{
	char text[sizeof(vf) + sizeof(*m)];
	struct report report = { .done = false };
	struct task t = { .run = task_exchange, .path = "", .text = text,
			  .len = sizeof(vf) + m->header.nlmsg_len, .report = &report };
	int rc;

	memcpy(text, &vf, sizeof(vf));
	memcpy(text + sizeof(vf), m, m->header.nlmsg_len);
	rc = helper_do(a, &t, deadline, stuck);
	if (rc == 0 && out)
		memcpy(out, report.text, sizeof(*out));
	return rc;
}

int vflink_read(struct arena *a, int ifindex, unsigned vf, int deadline, struct vf_values *out,
		struct process *stuck)
{
	struct message m = get_message(ifindex);

	*out = (struct vf_values){ 0 };
	return link_do(a, vf, &m, deadline, out, stuck);
}

int vflink_set(struct arena *a, int ifindex, unsigned vf, enum vf_property p,
	       const struct vf_value *value, int deadline, struct process *stuck)
{
	struct message m = set_message(ifindex, vf, p, value);

	return link_do(a, vf, &m, deadline, NULL, stuck);
}
