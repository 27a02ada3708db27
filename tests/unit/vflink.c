/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of rtnetlink, byte by byte: socket(2), send(2) and recv(2) of this program are the
 * kernel's side. tests/vm/vfs.t has a real one.
 */
#include "host/act/vflink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/act/act.h"
#include "unit.h"

#define SOON 600000 /* ms: never waited for in full */
#define IFINDEX 7
#define ANSWER_MAX 200000

/* ---- the kernel's side, in memory that the child has too ---- */

static struct kernel {
	_Alignas(8) char request[512];
	size_t request_len;
	_Alignas(8) char answer[ANSWER_MAX];
	size_t answer_len, full_len; /* full_len: what recv() says, with MSG_TRUNC */
	int send_error;
} *kernel;

int socket(int domain, int type, int protocol)
{
	if (domain != AF_NETLINK || !(type & SOCK_CLOEXEC) || protocol != NETLINK_ROUTE)
		_exit(9);
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	(void)fd, (void)flags;
	if (kernel->send_error) {
		errno = kernel->send_error;
		return -1;
	}
	memcpy(kernel->request, buf, n);
	kernel->request_len = n;
	return (ssize_t)n;
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	(void)fd, (void)flags;
	memcpy(buf, kernel->answer, kernel->answer_len < n ? kernel->answer_len : n);
	return (ssize_t)kernel->full_len;
}

static void reset(void)
{
	if (!kernel)
		kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(kernel, 0, sizeof(*kernel));
}

/* ---- answers ---- */

static void append(const void *bytes, size_t n)
{
	memcpy(kernel->answer + kernel->answer_len, bytes, n);
	kernel->answer_len += (n + 3) & ~(size_t)3;
	kernel->full_len = kernel->answer_len;
}

static void answer_error(int error)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} m = { { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR }, { .error = error } };

	append(&m, sizeof(m));
}

static size_t begin(unsigned short type)
{
	struct rtattr a = { .rta_len = sizeof(a), .rta_type = type };
	size_t at = kernel->answer_len;

	append(&a, sizeof(a));
	return at;
}

static void end(size_t at)
{
	struct rtattr *a = (void *)(kernel->answer + at);

	a->rta_len = (unsigned short)(kernel->answer_len - at);
}

static void attribute(unsigned short type, const void *bytes, size_t n)
{
	size_t at = begin(type);

	append(bytes, n);
	((struct rtattr *)(void *)(kernel->answer + at))->rta_len = (unsigned short)(sizeof(struct rtattr) + n);
}

static void numbers(unsigned short type, unsigned vf, unsigned n)
{
	attribute(type, (unsigned[]){ vf, n }, 2 * sizeof(n));
}

static void answer_begin(void)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} m = { { .nlmsg_type = RTM_NEWLINK }, { .ifi_index = IFINDEX } };

	append(&m, sizeof(m));
	attribute(IFLA_IFNAME, "eth1", 5);
}

static void answer_end(void)
{
	((struct nlmsghdr *)(void *)kernel->answer)->nlmsg_len = (unsigned)kernel->answer_len;
}

/* As rtnl_fill_vfinfo() of Linux 6.12 has it. */
static void answer_vf(unsigned vf, unsigned trust, unsigned short proto, unsigned vlan)
{
	struct ifla_vf_mac mac = { vf, { 0x52, 0x54, 0, 0, 0, (unsigned char)vf } };
	struct ifla_vf_vlan_info info = { vf, vlan, 3, htons(proto) };
	struct ifla_vf_guid guid = { vf, 0x0011223344556677 };
	size_t one = begin(IFLA_VF_INFO | NLA_F_NESTED), list;

	attribute(IFLA_VF_MAC, &mac, sizeof(mac));
	attribute(IFLA_VF_BROADCAST, (char[32]){ 0 }, 32);
	attribute(IFLA_VF_VLAN, (unsigned[]){ vf, vlan, 3 }, 12);
	attribute(IFLA_VF_RATE, (unsigned[]){ vf, 10, 1000 }, 12);
	numbers(IFLA_VF_TX_RATE, vf, 1000);
	numbers(IFLA_VF_SPOOFCHK, vf, 1);
	numbers(IFLA_VF_LINK_STATE, vf, IFLA_VF_LINK_STATE_DISABLE);
	numbers(IFLA_VF_RSS_QUERY_EN, vf, 0xffffffff);
	numbers(IFLA_VF_TRUST, vf, trust);
	attribute(IFLA_VF_IB_PORT_GUID, &guid, sizeof(guid));
	list = begin(IFLA_VF_VLAN_LIST);
	attribute(IFLA_VF_VLAN_INFO, &info, sizeof(info));
	end(list);
	end(one);
}

static void answer_vfs(unsigned trust, unsigned short proto)
{
	size_t list;

	answer_begin();
	list = begin(IFLA_VFINFO_LIST);
	answer_vf(0, 1, ETH_P_8021Q, 9);
	answer_vf(1, trust, proto, 100);
	end(list);
	answer_end();
}

/* ---- setting ---- */

static const struct set_row {
	const char *name;
	enum vf_property p;
	const char *text;
	unsigned short types[2]; /* of a nest and what is in it; or 0, and of the attribute */
	unsigned words[4];
	size_t n;
} set_rows[] = {
	{ "a VLAN", VF_VLAN, "100 qos=3", { 0, IFLA_VF_VLAN }, { 3, 100, 3 }, 3 },
	{ "no VLAN", VF_VLAN, "0", { 0, IFLA_VF_VLAN }, { 3, 0, 0 }, 3 },
	{ "a VLAN of a provider", VF_VLAN, "100 proto=802.1ad", { IFLA_VF_VLAN_LIST, IFLA_VF_VLAN_INFO },
	  { 3, 100, 0, 0xa888 }, 4 },
	{ "trust", VF_TRUST, "on", { 0, IFLA_VF_TRUST }, { 3, 1 }, 2 },
	{ "no check of the sender", VF_SPOOFCHK, "off", { 0, IFLA_VF_SPOOFCHK }, { 3, 0 }, 2 },
	{ "a link that is up", VF_LINK_STATE, "enable", { 0, IFLA_VF_LINK_STATE }, { 3, 1 }, 2 },
	{ "a rate", VF_MAX_RATE, "1000", { 0, IFLA_VF_TX_RATE }, { 3, 1000 }, 2 },
	{ "a GUID of a node", VF_NODE_GUID, "00:11:22:33:44:55:66:77", { 0, IFLA_VF_IB_NODE_GUID },
	  { 3, 0, 0x44556677, 0x00112233 }, 4 },
	{ "a GUID of a port", VF_PORT_GUID, "f0:11:22:33:44:55:66:77", { 0, IFLA_VF_IB_PORT_GUID },
	  { 3, 0, 0x44556677, 0xf0112233 }, 4 },
};

static int set(enum vf_property p, const char *text)
{
	struct process stuck;
	struct vf_value v;

	assert_true(vf_property_parse(&arena, p, text, &v));
	return vflink_set(&arena, IFINDEX, 3, p, &v, SOON, &stuck);
}

/* The attribute at *at: its type, and that it ends where the message ends. */
static const char *opened(const char *at, unsigned short type)
{
	const struct rtattr *a = (const void *)at;

	assert_int_equal(a->rta_type, type);
	assert_int_equal(a->rta_len, kernel->request + kernel->request_len - at);
	return RTA_DATA(a);
}

static void is_requested(unsigned short type, unsigned short flags)
{
	const struct nlmsghdr *m = (const void *)kernel->request;
	const struct ifinfomsg *link = NLMSG_DATA(m);

	assert_int_equal(m->nlmsg_len, kernel->request_len);
	assert_int_equal(m->nlmsg_type, type);
	assert_int_equal(m->nlmsg_flags, flags);
	assert_int_equal(link->ifi_index, IFINDEX);
	assert_int_equal(link->ifi_family, AF_UNSPEC);
}

static void is_set(void **state)
{
	const struct set_row *row = *state;
	const char *at;

	reset();
	answer_error(0);
	assert_int_equal(set(row->p, row->text), 0);
	is_requested(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
	at = opened(kernel->request + NLMSG_LENGTH(sizeof(struct ifinfomsg)), IFLA_VFINFO_LIST);
	at = opened(at, IFLA_VF_INFO);
	if (row->types[0])
		at = opened(at, row->types[0]);
	at = opened(at, row->types[1]);
	assert_int_equal(kernel->request + kernel->request_len - at, row->n * sizeof(unsigned));
	assert_memory_equal(at, row->words, row->n * sizeof(unsigned));
	act_end();
}

static void sets_a_mac(void **state)
{
	struct ifla_vf_mac mac = { 3, { 0x52, 0x54, 0, 1, 2, 3 } };
	const char *at;

	(void)state;
	reset();
	answer_error(0);
	assert_int_equal(set(VF_MAC, "52:54:00:01:02:03"), 0);
	at = opened(kernel->request + NLMSG_LENGTH(sizeof(struct ifinfomsg)), IFLA_VFINFO_LIST);
	at = opened(opened(at, IFLA_VF_INFO), IFLA_VF_MAC);
	assert_memory_equal(at, &mac, sizeof(mac));
	act_end();
}

static void passes_errors_on(void **state)
{
	(void)state;
	reset();
	answer_error(-EOPNOTSUPP);
	assert_int_equal(set(VF_TRUST, "on"), -EOPNOTSUPP);
	reset();
	kernel->send_error = ENOBUFS;
	assert_int_equal(set(VF_TRUST, "on"), -ENOBUFS);
	act_end();
}

/* ---- reading ---- */

static int get(unsigned vf, struct vf_values *out)
{
	struct process stuck;
	int rc = vflink_read(&arena, IFINDEX, vf, SOON, out, &stuck);

	act_end();
	return rc;
}

static void is_text(const struct vf_values *v, enum vf_property p, const char *want)
{
	assert_int_equal(v->has[p], want != NULL);
	if (want)
		assert_string_equal(vf_property_text(&arena, p, &v->v[p]), want);
}

static void reads_one_of_two(void **state)
{
	const unsigned mask = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS;
	struct vf_values v;
	const char *at;

	(void)state;
	reset();
	answer_vfs(0xffffffff, ETH_P_8021AD);
	assert_int_equal(get(1, &v), 0);
	is_requested(RTM_GETLINK, NLM_F_REQUEST);
	at = opened(kernel->request + NLMSG_LENGTH(sizeof(struct ifinfomsg)), IFLA_EXT_MASK);
	assert_memory_equal(at, &mask, sizeof(mask));
	assert_true(v.found);
	is_text(&v, VF_MAC, "52:54:00:00:00:01");
	is_text(&v, VF_VLAN, "100 qos=3 proto=802.1ad");
	is_text(&v, VF_TRUST, NULL);
	is_text(&v, VF_SPOOFCHK, "on");
	is_text(&v, VF_LINK_STATE, "disable");
	is_text(&v, VF_MAX_RATE, "1000");
	is_text(&v, VF_NODE_GUID, NULL);
	is_text(&v, VF_PORT_GUID, "00:11:22:33:44:55:66:77");
}

static void finds_no_other(void **state)
{
	struct vf_values v;

	(void)state;
	reset();
	answer_vfs(1, ETH_P_8021Q);
	assert_int_equal(get(2, &v), 0);
	assert_false(v.found);
	is_text(&v, VF_MAC, NULL);
}

static void finds_none(void **state)
{
	struct vf_values v;

	(void)state;
	reset();
	answer_begin();
	answer_end();
	assert_int_equal(get(0, &v), 0);
	assert_false(v.found);
}

/* Each byte that a broken answer lacks: nothing is read past its end. */
static void survives_a_short_answer(void **state)
{
	struct vf_values v;
	size_t len;

	(void)state;
	reset();
	answer_vfs(1, ETH_P_8021Q);
	len = kernel->answer_len;
	for (size_t n = 0; n < len; n += 3) {
		struct process stuck;

		kernel->full_len = kernel->answer_len = n;
		((struct nlmsghdr *)(void *)kernel->answer)->nlmsg_len = (unsigned)n;
		vflink_read(&arena, IFINDEX, 1, SOON, &v, &stuck);
	}
	kernel->full_len = ANSWER_MAX;
	assert_int_equal(get(1, &v), -EMSGSIZE);
	kernel->full_len = 8;
	assert_int_equal(get(1, &v), -EIO);
	assert_false(v.found);
}

int main(void)
{
	UNIT_ROWS(set_rows, is_set);
	UNIT_TEST("a MAC address", sets_a_mac);
	UNIT_TEST("the kernel's errors are passed on", passes_errors_on);
	UNIT_TEST("one of two virtual functions is read", reads_one_of_two);
	UNIT_TEST("no other one is taken for it", finds_no_other);
	UNIT_TEST("an interface without any", finds_none);
	UNIT_TEST("an answer that is cut off", survives_a_short_answer);
	return unit_run("vflink");
}
