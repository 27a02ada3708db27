/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/uses.h"

#include <sched.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "host/pci/subdevices.h"
#include "host/pci/pci.h"
#include "host/process/process.h"
#include "host/use/usesdisk.h"
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

/* Disks. */

static void disk(const char *name, const char *dev)
{
	tree_file(arena_printf(&arena, "sys/class/block/%s/dev", name), dev);
	tree_folder(arena_printf(&arena, "sys/class/block/%s/holders", name));
}

static void partition(const char *whole, const char *name, const char *dev)
{
	disk(name, dev);
	tree_file(arena_printf(&arena, "sys/class/block/%s/%s/partition", whole, name), "1\n");
}

#define SWAPS "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static const struct disk_row {
	const char *name;
	const char *mountinfo, *swaps;
	const char *holder; /* made below /sys/class/block */
	const char *dm;	    /* dm-0's name */
	const char *want;
} disk_rows[] = {
	{ "nothing that we can see" },
	{ "another disk is mounted", "36 25 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n", SWAPS },
	{ "the whole disk is mounted", "36 25 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n",
	  .want = "nvme0n1 is mounted on /srv" },
	{ "a partition is mounted", "36 25 259:2 / /srv rw shared:1 - ext4 /dev/root rw\n",
	  .want = "nvme0n1p2 is mounted on /srv" },
	{ "in the second line, of a subfolder",
	  "1 2 0:4 net:[4026531840] /run/netns/a rw - nsfs nsfs rw\n"
	  "36 25 259:1 /boot /mnt rw - ext4 /dev/nvme0n1p1 rw\n",
	  .want = "nvme0n1p1 is mounted on /mnt" },
	{ "on a folder with a blank", "36 25 259:1 / /a\\040b\\134c rw - ext4 /dev/nvme0n1p1 rw\n",
	  .want = "nvme0n1p1 is mounted on /a b\\c" },
	{ "btrfs, which has numbers of its own",
	  "36 25 0:31 /@home /home rw shared:1 - btrfs /dev/nvme0n1p2 rw,subvol=/@home\n",
	  .want = "nvme0n1p2 is mounted on /home" },
	{ "a number that only begins alike", "36 25 259:10 / /srv rw - ext4 /dev/nvme0n10 rw\n" },
	{ "swap", .swaps = SWAPS "/dev/nvme0n1p2                          partition\t1\t0\t-2\n",
	  .want = "nvme0n1p2 is swap" },
	{ "swap of another", .swaps = SWAPS "/dev/nvme0n1p20 partition\t1\t0\t-2\n/swapfile file\t1\t0\t-2\n" },
	{ "a logical volume", .holder = "nvme0n1/holders/dm-0", .dm = "vg-root\n",
	  .want = "nvme0n1 is part of dm-0 (vg-root)" },
	{ "RAID of a partition", .holder = "nvme0n1p1/holders/md0",
	  .want = "nvme0n1p1 is part of md0" },
	{ "the mount is told rather than what it stands on",
	  "36 25 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n", .holder = "nvme0n1/holders/dm-0",
	  .want = "nvme0n1 is mounted on /srv" },
};

static void tells_the_use_of_a_disk(void **state)
{
	const struct disk_row *row = *state;
	struct host host = tree_host();

	disk("nvme0n1", "259:0\n");
	partition("nvme0n1", "nvme0n1p1", "259:1\n");
	partition("nvme0n1", "nvme0n1p2", "259:2\n");
	tree_folder("sys/class/block/nvme0n1/queue");
	if (row->mountinfo)
		tree_file("proc/self/mountinfo", row->mountinfo);
	if (row->swaps)
		tree_file("proc/swaps", row->swaps);
	if (row->holder)
		tree_folder(arena_printf(&arena, "sys/class/block/%s", row->holder));
	if (row->dm)
		tree_file("sys/class/block/dm-0/dm/name", row->dm);
	assert_text(uses_of_disk(&host, "nvme0n1"), row->want);
}

static int claim(const char *name, int deadline, struct process *stuck)
{
	struct host host = tree_host();

	return uses_claim_disk(&host, name, deadline, stuck);
}

static void claims_a_disk(void **state)
{
	struct process stuck;
	int fd;

	(void)state;
	tree_file("dev/sda", "");
	tree_file("dev/cciss/c0d0", "");
	fd = claim("sda", 5000, &stuck);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	fd = claim("cciss!c0d0", 5000, &stuck);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(claim("sdb", 5000, &stuck), -ENOENT);
	assert_int_equal(stuck.pid, 0);
}

/* Users in the kernel that claim nothing. */

static const struct kernel_row {
	const char *name;
	const char *backing; /* of loop0 */
	const char *path, *enable; /* of an NVMe target's namespace */
	const char *want;
} kernel_rows[] = {
	{ "a loop device over a disk", "/dev/nvme0n1", .want = "nvme0n1 is the backing device of loop0" },
	{ "over a partition", "/dev/nvme0n1p1", .want = "nvme0n1p1 is the backing device of loop0" },
	{ "over a node that was removed", "/dev/nvme0n1p1 (deleted)",
	  .want = "nvme0n1p1 is the backing device of loop0" },
	{ "by another name", "/dev/alias", .want = "nvme0n1p1 is the backing device of loop0" },
	{ "by its name, which is another disk", "/dev/other/nvme0n1p1" },
	{ "over a node of a container", "/lxc/one/nvme0n1", .want = "nvme0n1 is the backing device of loop0" },
	{ "over an image", "/srv/nvme0n1.img" },
	{ "over an image of that name", "/srv/images/nvme0n1" },
	{ "over another disk", "/dev/nvme0n10" },
	{ "an NVMe target", .path = "/dev/nvme0n1", .enable = "1\n",
	  .want = "nvme0n1 is exported by the NVMe target nqn.x" },
	{ "an NVMe target by a link", .path = "/dev/disk/by-id/x", .enable = "1\n",
	  .want = "nvme0n1p1 is exported by the NVMe target nqn.x" },
	{ "one that is off", .path = "/dev/nvme0n1", .enable = "0\n" },
};

#define NAMESPACE "sys/kernel/config/nvmet/subsystems/nqn.x/namespaces/1/"

static void tells_what_claims_nothing(void **state)
{
	const struct kernel_row *row = *state;
	struct host host = tree_host();
	struct process stuck;

	if (geteuid() != 0)
		skip();
	disk("nvme0n1", "259:0\n");
	partition("nvme0n1", "nvme0n1p1", "259:1\n");
	tree_folder("sys/block/loop0/loop");
	tree_file("srv/images/nvme0n1", "");
	tree_folder("dev/disk/by-id");
	tree_folder("dev/other");
	if (mknod(tree_path("dev/alias"), S_IFBLK | 0600, makedev(259, 1)) < 0 ||
	    mknod(tree_path("dev/other/nvme0n1p1"), S_IFBLK | 0600, makedev(259, 7)) < 0)
		skip();
	tree_link("dev/disk/by-id/x", "../../alias");
	if (row->backing)
		tree_file("sys/block/loop0/loop/backing_file",
			  arena_printf(&arena, "%s\n", row->backing));
	if (row->path) {
		tree_file(NAMESPACE "device_path", arena_printf(&arena, "%s\n", row->path));
		tree_file(NAMESPACE "enable", row->enable);
	}
	assert_text(uses_of_disk(&host, "nvme0n1"), row->want);
	/* it is not even tried: there is no /dev/nvme0n1 here */
	assert_int_equal(claim("nvme0n1", 5000, &stuck), row->want ? -EBUSY : -ENOENT);
}

int main(void)
{
	TREE_ROWS(net_rows, tells_the_use_of_an_interface);
	TREE_TEST("default routes of all tables, and each leg of them", asks_the_kernel_for_routes);
	TREE_TEST("VLANs, by their type or their entry in /proc", tells_vlans);
	TREE_ROWS(function_rows, tells_of_interfaces_elsewhere);
	TREE_ROWS(disk_rows, tells_the_use_of_a_disk);
	TREE_TEST("a disk is claimed by its name in /dev", claims_a_disk);
	TREE_ROWS(kernel_rows, tells_what_claims_nothing);
	return unit_run("uses");
}
