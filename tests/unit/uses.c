/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/uses.h"

#include "host/below.h"
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
	struct root root = tree_root();

	tree_folder("sys/class/net/eth0");
	if (row->route)
		tree_file("proc/net/route", row->route);
	if (row->route6)
		tree_file("proc/net/ipv6_route", row->route6);
	if (row->folder)
		tree_folder(arena_printf(&arena, "sys/class/net/%s", row->folder));
	if (row->link[0])
		tree_link(arena_printf(&arena, "sys/class/net/%s", row->link[0]), row->link[1]);
	assert_text(uses_of_interface(&arena, &root, "eth0"), row->want);
}

static void tells_vlans(void **state)
{
	struct root root = tree_root();

	(void)state;
	tree_folder("sys/class/net/eth0");
	tree_link("sys/class/net/eth0/upper_eth0.5", "../eth0.5");
	tree_file("sys/class/net/eth0.5/uevent", "DEVTYPE=vlan\nINTERFACE=eth0.5\n");
	assert_text(uses_of_interface(&arena, &root, "eth0"), "has eth0.5 (VLAN) on top");
	tree_folder("sys/class/net/eth1");
	tree_link("sys/class/net/eth1/upper_lan", "../lan");
	tree_file("proc/net/vlan/lan", "");
	assert_text(uses_of_interface(&arena, &root, "eth1"), "has lan (VLAN) on top");
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
	struct root root = tree_root();

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
	assert_text(uses_of_disk(&arena, &root, "nvme0n1"), row->want);
}

static void claims_a_disk(void **state)
{
	struct root root = tree_root();
	int fd;

	(void)state;
	tree_file("dev/sda", "");
	tree_file("dev/cciss/c0d0", "");
	fd = uses_claim_disk(&arena, &root, "sda");
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	fd = uses_claim_disk(&arena, &root, "cciss!c0d0");
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(uses_claim_disk(&arena, &root, "sdb"), -ENOENT);
}

/* The console. */

static void vtcon(const char *name, const char *what, const char *bind)
{
	tree_file(arena_printf(&arena, "sys/class/vtconsole/%s/name", name), what);
	tree_file(arena_printf(&arena, "sys/class/vtconsole/%s/bind", name), bind);
}

/* As on a host with a picture of its firmware's: vtcon1 is bound. */
static void console_host(void)
{
	vtcon("vtcon0", "(S) dummy device\n", "0\n");
	vtcon("vtcon1", "(M) frame buffer device\n", "1\n");
	tree_folder("sys/devices/platform/efi-framebuffer.0");
	tree_file("sys/bus/platform/drivers/efi-framebuffer/bind", "");
	tree_folder("sys/bus/platform/drivers/simple-framebuffer");
	tree_link("sys/bus/platform/drivers/efi-framebuffer/efi-framebuffer.0",
		  "../../../../devices/platform/efi-framebuffer.0");
}

static void tells_the_console_of_the_boot_display(void **state)
{
	struct root root = tree_root();
	struct below b = { 0 };
	struct console c;

	(void)state;
	console_host();
	uses_of_console(&arena, &root, true, &b, &c);
	assert_int_equal(c.vtcons.n, 1);
	assert_text(c.vtcons.v[0], "vtcon1");
	assert_int_equal(c.framebuffers.n, 1);
	assert_text(c.framebuffers.v[0], "efi-framebuffer/efi-framebuffer.0");
	assert_true(uses_platform_is_bound(&arena, &root, "efi-framebuffer", "efi-framebuffer.0"));
	assert_false(uses_platform_is_bound(&arena, &root, "simple-framebuffer", "x"));
	assert_text(uses_vtcon_path(&arena, "vtcon1"), "/sys/class/vtconsole/vtcon1/bind");
}

static void tells_the_console_of_a_graphics_card(void **state)
{
	struct root root = tree_root();
	struct below b = { 0 };
	struct console c;

	(void)state;
	console_host();
	uses_of_console(&arena, &root, false, &b, &c);
	assert_int_equal(c.vtcons.n + c.framebuffers.n, 0);
	strv_push(&arena, &b.framebuffers, "fb0");
	uses_of_console(&arena, &root, false, &b, &c);
	assert_int_equal(c.vtcons.n, 1);
	assert_int_equal(c.framebuffers.n, 0);
}

static void a_console_that_is_not_bound(void **state)
{
	struct root root = tree_root();
	struct below b = { 0 };
	struct console c;

	(void)state;
	uses_of_console(&arena, &root, true, &b, &c);
	assert_int_equal(c.vtcons.n + c.framebuffers.n, 0);
	console_host();
	vtcon("vtcon0", "(S) VGA+\n", "1\n");
	vtcon("vtcon1", "(M) frame buffer device\n", "0\n");
	uses_of_console(&arena, &root, true, &b, &c);
	assert_int_equal(c.vtcons.n, 0);
	assert_int_equal(c.framebuffers.n, 1);
}

int main(void)
{
	TREE_ROWS(net_rows, tells_the_use_of_an_interface);
	TREE_TEST("VLANs, by their type or their entry in /proc", tells_vlans);
	TREE_ROWS(disk_rows, tells_the_use_of_a_disk);
	TREE_TEST("a disk is claimed by its name in /dev", claims_a_disk);
	TREE_TEST("the boot display has the console and the firmware's framebuffer",
		  tells_the_console_of_the_boot_display);
	TREE_TEST("another card has it if it has framebuffers",
		  tells_the_console_of_a_graphics_card);
	TREE_TEST("a console that is not bound is none", a_console_that_is_not_bound);
	return unit_run("uses");
}
