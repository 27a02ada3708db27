/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/uses.h"

#include <sched.h>
#include <sys/wait.h>

#include "host/pci/subdevices.h"
#include "host/pci/pci.h"
#include "str.h"
#include "tree.h"

/* Network interfaces. */

#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define NOWHERE "00000000000000000000000000000000"
#define ROUTE6(to, flags, device) \
	to " " NOWHERE " 00 " NOWHERE " 00000400 00000001 00000000 " flags "     " device "\n"

static const struct net_row {
	const char *name;
	const char *route, *route6;
	const char *folder; /* made below /sys/class/net */
	const char *link[2];
	const char *want;
} net_rows[] = {
	{ "nothing known" },
	{ "the default route", ROUTES "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
	  .want = "carries the default route" },
	{ "of another interface",
	  ROUTES "eth1\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" },
	{ "a route to a network", ROUTES "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n" },
	{ "the lower half of all addresses",
	  ROUTES "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000080\t0\t0\t0\n" },
	{ "a route that is not up", ROUTES "eth0\t00000000\t0101A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n" },
	{ "the IPv6 default route", NULL, ROUTE6(NOWHERE " 00", "00450003", "eth0"),
	  .want = "carries the IPv6 default route" },
	{ "a rejected one", NULL, ROUTE6(NOWHERE " 00", "00200200", "eth0") },
	{ "up and rejected", NULL, ROUTE6(NOWHERE " 00", "00200201", "eth0") },
	{ "an IPv6 network", NULL, ROUTE6("fe800000000000000000000000000000 40", "00000001", "eth0") },
	{ "another IPv6 interface", NULL, ROUTE6(NOWHERE " 00", "00450003", "eth1") },
	{ "a bridge", .folder = "br0/bridge", .link = { "eth0/master", "../br0" },
	  .want = "is a port of bridge br0" },
	{ "a bond", .folder = "bond0/bonding", .link = { "eth0/master", "../bond0" },
	  .want = "is a slave of bond bond0" },
	{ "another master", .link = { "eth0/master", "../ovs-system" },
	  .want = "belongs to ovs-system" },
	{ "something on top", .link = { "eth0/upper_macvtap0", "../macvtap0" },
	  .want = "has macvtap0 on top" },
	{ "something below it is no use of it", .link = { "eth0/lower_eth1", "../eth1" } },
};

static void tells_the_use_of_an_interface(void **state)
{
	const struct net_row *row = *state;
	struct host host = tree_host();

	tree_folder("sys/class/net/eth0");
	if (row->route)
		tree_file("proc/net/route", row->route);
	if (row->route6)
		tree_file("proc/net/ipv6_route", row->route6);
	if (row->folder)
		tree_folder(arena_printf(&arena, "sys/class/net/%s", row->folder));
	if (row->link[0])
		tree_link(arena_printf(&arena, "sys/class/net/%s", row->link[0]), row->link[1]);
	assert_text(uses_of_interface(&host, "eth0"), row->want);
}

/* In a network namespace of its own, where lo is all there is. */
static const char *const real_routes[][2] = {
	{ "true", NULL },
	{ "ip route add 10.0.0.0/8 dev lo", NULL },
	{ "ip route add unreachable default table 98", NULL },
	{ "ip -6 route add default dev lo table 88", "carries the IPv6 default route" },
	{ "ip route add default dev lo table 4711", "carries the default route" },
	{ "ip route flush table 4711", "carries the IPv6 default route" },
	{ "ip link add br9 type bridge && ip link set br9 up && ip addr add 10.9.0.1/24 dev br9 && "
	  "ip route add default nexthop via 10.9.0.2 dev br9 nexthop dev lo",
	  "carries the default route" },
};

static int look_at_real_routes(void)
{
	struct host real = { &arena, { .prefix = "" } };

	if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up 2>/dev/null") != 0)
		return 77;
	for (size_t i = 0; i < UNIT_COUNT(real_routes); i++) {
		const char *want = real_routes[i][1], *use;

		if (system(real_routes[i][0]) != 0)
			return 77;
		use = uses_of_interface(&real, "lo");
		if (use != want && (!use || !want || strcmp(use, want) != 0))
			return (int)i + 1;
	}
	return 0;
}

static void asks_the_kernel_for_routes(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0)
		_exit(look_at_real_routes());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void tells_vlans(void **state)
{
	struct host host = tree_host();

	(void)state;
	tree_folder("sys/class/net/eth0");
	tree_link("sys/class/net/eth0/upper_eth0.5", "../eth0.5");
	tree_file("sys/class/net/eth0.5/uevent", "DEVTYPE=vlan\nINTERFACE=eth0.5\n");
	assert_text(uses_of_interface(&host, "eth0"), "has eth0.5 (VLAN) on top");
	tree_folder("sys/class/net/eth1");
	tree_link("sys/class/net/eth1/upper_lan", "../lan");
	tree_file("proc/net/vlan/lan", "");
	assert_text(uses_of_interface(&host, "eth1"), "has lan (VLAN) on top");
}

static const struct function_row {
	const char *name;
	unsigned class;
	const char *driver, *interface, *virtio;
	bool want;
} function_rows[] = {
	{ "an interface that is not there is elsewhere", 0x020000, "igb", NULL, NULL, true },
	{ "one that is there is asked for itself", 0x020000, "igb", "eth0" },
	{ "no driver, no interface", 0x020000 },
	{ "VFIO makes none", 0x020000, "mlx5_vfio_pci" },
	{ "DPDK makes none", 0x020000, "uio_pci_generic" },
	{ "InfiniBand has none", 0x020700, "mlx5_core" },
	{ "virtio-net", 0x020000, "virtio-pci", NULL, "virtio3/driver/x", true },
	{ "virtio without its driver", 0x020000, "virtio-pci", NULL, "virtio3/x" },
	{ "a disk's driver", 0x010802, "nvme" },
};

static void tells_of_interfaces_elsewhere(void **state)
{
	const struct function_row *row = *state;
	struct pci_function f = { "0000:03:00.0", .class = row->class, .driver = row->driver };
	struct host host = tree_host();
	struct subdevices b = { 0 };
	const char *use;

	if (row->interface)
		strv_push(&arena, &b.interfaces, row->interface);
	if (row->virtio)
		tree_file(arena_printf(&arena, "sys/bus/pci/devices/0000:03:00.0/%s", row->virtio),
			  "");
	use = uses_of_function(&host, &f, &b);
	assert_int_equal(!!use, row->want);
	if (use && !row->virtio)
		assert_text(use, "driver igb shows no interface: the interface is in another network "
				 "namespace, for example of a container");
}

int main(void)
{
	TREE_ROWS(net_rows, tells_the_use_of_an_interface);
	TREE_TEST("default routes of all tables, and each leg of them", asks_the_kernel_for_routes);
	TREE_TEST("VLANs, by their type or their entry in /proc", tells_vlans);
	TREE_ROWS(function_rows, tells_of_interfaces_elsewhere);
	return unit_run("uses");
}
