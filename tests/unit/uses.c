/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/uses.h"

#include "host/below.h"
#include "str.h"
#include "tree.h"

/* --- network */

#define ROUTES                                                                                   \
	"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT     " \
	"                                                  \n"
#define ROUTE6(to, prefix, flags, iface)                                                     \
	to " " prefix " 00000000000000000000000000000000 00 "                                    \
	   "fe800000000000000000000000000001 00000400 00000001 00000000 " flags "     " iface "\n"
#define ANY6 "00000000000000000000000000000000"

static const struct net_row {
	const char *name, *route, *route6;
	const char *file, *text;  /* one below /sys/class/net/eth0, or of another interface */
	const char *link, *to;
	const char *want;
} net_rows[] = {
	{ "an idle card", .want = NULL },
	{ "a network alone is not the way out",
	  .route = ROUTES "eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n" },
	{ "the default route",
	  .route = ROUTES "eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0    \n"
			  "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0    \n",
	  .want = "carries the default route" },
	{ "a default route without a gateway",
	  .route = ROUTES "eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n",
	  .want = "carries the default route" },
	{ "another card's default route",
	  .route = ROUTES "eth1\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" },
	{ "a card whose name begins alike",
	  .route = ROUTES "eth0.5\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" },
	{ "the network 0.0.0.0/8 is not all",
	  .route = ROUTES "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n" },
	{ "a route to one host", .route = ROUTES "eth0\t0100A8C0\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n" },
	{ "a route that rejects",
	  .route = ROUTES "*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n" },
	{ "a route that is down",
	  .route = ROUTES "eth0\t00000000\t00000000\t0002\t0\t0\t0\t00000000\t0\t0\t0\n" },
	{ "the IPv6 default route", .route6 = ROUTE6(ANY6, "00", "00000003", "eth0"),
	  .want = "carries the IPv6 default route" },
	{ "one that a router told", .route6 = ROUTE6(ANY6, "00", "00450003", "eth0"),
	  .want = "carries the IPv6 default route" },
	{ "IPv6: a route that rejects", .route6 = ROUTE6(ANY6, "00", "00200201", "eth0") },
	{ "IPv6: another card's", .route6 = ROUTE6(ANY6, "00", "00000003", "eth1") },
	{ "IPv6: a network", .route6 = ROUTE6("20010db8000000000000000000000000", "40", "00000001", "eth0") },
	{ "IPv6: the network ::/96", .route6 = ROUTE6(ANY6, "60", "00000001", "eth0") },
	{ "a port of a bridge", .file = "eth0/brport/path_cost", .text = "4\n",
	  .link = "eth0/master", .to = "../../../../virtual/net/br0",
	  .want = "is a port of bridge br0" },
	{ "a slave of a bond", .file = "eth0/bonding_slave/state", .text = "active\n",
	  .link = "eth0/master", .to = "../../../../virtual/net/bond0",
	  .want = "is a slave of bond bond0" },
	{ "a bond is known by itself too", .file = "bond0/bonding/mode", .text = "802.3ad 4\n",
	  .link = "eth0/master", .to = "../bond0", .want = "is a slave of bond bond0" },
	{ "a port of Open vSwitch", .link = "eth0/master", .to = "../ovs-system",
	  .want = "belongs to ovs-system" },
	{ "a VLAN on top", .file = "eth0.5/uevent",
	  .text = "DEVTYPE=vlan\nINTERFACE=eth0.5\nIFINDEX=5\n", .link = "eth0/upper_eth0.5",
	  .to = "../../../../virtual/net/eth0.5", .want = "has eth0.5 (VLAN) on top" },
	{ "a macvlan on top", .file = "mac0/uevent", .text = "INTERFACE=mac0\nIFINDEX=6\n",
	  .link = "eth0/upper_mac0", .to = "../mac0", .want = "has mac0 on top" },
};

static void an_interface_is_needed(void **state)
{
	const struct net_row *row = *state;
	struct root root = tree_root();

	tree_folder("sys/class/net/eth0/statistics");
	tree_file("sys/class/net/eth0/uevent", "INTERFACE=eth0\nIFINDEX=2\n");
	if (row->route)
		tree_file("proc/net/route", row->route);
	if (row->route6)
		tree_file("proc/net/ipv6_route", row->route6);
	if (row->file)
		tree_file(arena_printf(&arena, "sys/class/net/%s", row->file), row->text);
	if (row->link)
		tree_link(arena_printf(&arena, "sys/class/net/%s", row->link), row->to);
	assert_text(uses_of_interface(&arena, &root, "eth0"), row->want);
}

static void no_such_interface(void **state)
{
	struct root root = tree_root();

	(void)state;
	assert_null(uses_of_interface(&arena, &root, "eth0"));
}

/* --- disks: nvme0n1 is 259:0, its partitions are 259:1 and 259:2 */

#define MOUNTS                                                                         \
	"22 1 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"                       \
	"28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro\n"
#define SWAPS "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static const struct disk_row {
	const char *name, *mounts, *swaps, *holder, *label;
	const char *want;
} disk_rows[] = {
	{ "an idle disk", MOUNTS, SWAPS },
	{ "a mounted partition",
	  MOUNTS "90 28 259:1 / /srv rw,relatime shared:40 - ext4 /dev/nvme0n1p1 rw\n", SWAPS,
	  .want = "nvme0n1p1 is mounted on /srv" },
	{ "a mounted disk", MOUNTS "90 28 259:0 / /srv rw - xfs /dev/nvme0n1 rw\n", SWAPS,
	  .want = "nvme0n1 is mounted on /srv" },
	{ "blanks and newlines of a folder",
	  MOUNTS "90 28 259:1 / /my\\040data\\134x\\012 rw - ext4 /dev/nvme0n1p1 rw\n", SWAPS,
	  .want = "nvme0n1p1 is mounted on /my data\\x\n" },
	{ "a folder of a file system, bound elsewhere",
	  MOUNTS "90 28 259:2 /sub /mnt rw - ext4 /dev/nvme0n1p2 rw\n", SWAPS,
	  .want = "nvme0n1p2 is mounted on /mnt" },
	{ "numbers that begin alike are another disk's",
	  MOUNTS "90 28 259:10 / /srv rw - ext4 /dev/nvme1n1 rw\n", SWAPS },
	{ "btrfs has a number of its own",
	  MOUNTS "90 28 0:45 /@home /home rw shared:1 - btrfs /dev/nvme0n1p2 rw,subvol=/@home\n",
	  SWAPS, .want = "nvme0n1p2 is mounted on /home" },
	{ "btrfs of another disk",
	  MOUNTS "90 28 0:45 / /home rw shared:1 - btrfs /dev/nvme0n1p20 rw\n", SWAPS },
	{ "swap", MOUNTS, SWAPS "/dev/nvme0n1p2                          partition\t8\t0\t-2\n",
	  .want = "nvme0n1p2 is swap" },
	{ "another's swap", MOUNTS, SWAPS "/dev/nvme0n1p20                         partition\t8\t0\t-2\n" },
	{ "LVM", MOUNTS, SWAPS, "dm-0", "vg-root\n", "nvme0n1p2 is part of dm-0 (vg-root)" },
	{ "md", MOUNTS, SWAPS, "md127", NULL, "nvme0n1p2 is part of md127" },
	{ "nothing to be read", NULL, NULL },
};

#define BLOCK "sys/devices/pci0000:00/0000:03:00.0/nvme/nvme0/"

static void block(const char *path, const char *dev, bool partition)
{
	const char *folder = arena_printf(&arena, BLOCK "%s", path);
	const char *slash = strrchr(folder, '/');

	tree_file(arena_printf(&arena, "%s/dev", folder), dev);
	if (partition)
		tree_file(arena_printf(&arena, "%s/partition", folder), "1\n");
	tree_folder(arena_printf(&arena, "%s/holders", folder));
	tree_folder("sys/class/block");
	tree_link(arena_printf(&arena, "sys/class/block%s", slash),
		  arena_printf(&arena, "../../../%s", folder));
}

static void disks(void)
{
	block("nvme0n1", "259:0\n", false);
	block("nvme0n1/nvme0n1p2", "259:2\n", true);
	block("nvme0n1/nvme0n1p1", "259:1\n", true);
	tree_folder(BLOCK "nvme0n1/queue");
}

static void a_disk_is_used(void **state)
{
	const struct disk_row *row = *state;
	struct root root = tree_root();

	disks();
	if (row->mounts)
		tree_file("proc/self/mountinfo", row->mounts);
	if (row->swaps)
		tree_file("proc/swaps", row->swaps);
	if (row->holder)
		tree_link(arena_printf(&arena, BLOCK "nvme0n1/nvme0n1p2/holders/%s", row->holder),
			  "../../../../../../../../virtual/block/dm-0");
	if (row->label)
		tree_file(arena_printf(&arena, "sys/class/block/%s/dm/name", row->holder),
			  row->label);
	assert_text(uses_of_disk(&arena, &root, "nvme0n1"), row->want);
}

static void the_first_partition_is_named(void **state)
{
	struct root root = tree_root();

	(void)state;
	block("nvme0n1", "259:0\n", false);
	for (int i = 9; i > 0; i--)
		block(arena_printf(&arena, "nvme0n1/nvme0n1p%d", i),
		      arena_printf(&arena, "259:%d\n", i), true);
	tree_file("proc/self/mountinfo", "1 1 259:9 / /nine rw - ext4 /dev/x rw\n"
					 "2 1 259:4 / /four rw - ext4 /dev/x rw\n"
					 "3 1 259:3 / /three rw - ext4 /dev/x rw\n");
	assert_text(uses_of_disk(&arena, &root, "nvme0n1"), "nvme0n1p3 is mounted on /three");
}

/* Files stand in for nodes: O_EXCL without O_CREAT is nothing to them. */
static void claims_disks(void **state)
{
	struct root root = tree_root();
	int fd;

	(void)state;
	tree_file("dev/nvme0n1", "");
	fd = uses_claim_disk(&arena, &root, "nvme0n1");
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	assert_int_equal(uses_claim_disk(&arena, &root, "nvme1n1"), -ENOENT);
}

/* --- the console */

static void vtcon(const char *name, const char *what, const char *bind)
{
	tree_file(arena_printf(&arena, "sys/class/vtconsole/%s/name", name), what);
	tree_file(arena_printf(&arena, "sys/class/vtconsole/%s/bind", name), bind);
}

#define PLATFORM "sys/bus/platform/drivers/"

static void a_console(void)
{
	vtcon("vtcon0", "(S) dummy device\n", "0\n");
	vtcon("vtcon1", "(M) frame buffer device\n", "1\n");
	tree_file(PLATFORM "efi-framebuffer/bind", "");
	tree_file(PLATFORM "efi-framebuffer/uevent", "");
	tree_folder("sys/devices/platform/efi-framebuffer.0");
	tree_link(PLATFORM "efi-framebuffer/efi-framebuffer.0",
		  "../../../../devices/platform/efi-framebuffer.0");
	tree_folder(PLATFORM "simple-framebuffer");
	tree_folder(PLATFORM "serial8250/serial8250.0");
}

static const char *joined(const struct strv *v)
{
	struct strbuf b = { .arena = &arena };

	strbuf_add(&b, "");
	for (size_t i = 0; i < v->n; i++)
		strbuf_addf(&b, "%s%s", i ? " " : "", v->v[i]);
	return strbuf_text(&b);
}

static const struct console_row {
	const char *name;
	bool boot_vga, framebuffer;
	const char *vtcons, *framebuffers;
} console_rows[] = {
	{ "the boot display has the console and the firmware's picture", true, false, "vtcon1",
	  "efi-framebuffer/efi-framebuffer.0" },
	{ "another card with a framebuffer may have the console", false, true, "vtcon1", "" },
	{ "another card has nothing", false, false, "", "" },
};

static void a_console_is_found(void **state)
{
	const struct console_row *row = *state;
	struct root root = tree_root();
	struct below below = { 0 };
	struct console c;

	a_console();
	if (row->framebuffer)
		strv_push(&arena, &below.framebuffers, "fb0");
	uses_of_console(&arena, &root, row->boot_vga, &below, &c);
	assert_text(joined(&c.vtcons), row->vtcons);
	assert_text(joined(&c.framebuffers), row->framebuffers);
}

static void an_unbound_console(void **state)
{
	struct root root = tree_root();
	struct below below = { 0 };
	struct console c;

	(void)state;
	uses_of_console(&arena, &root, true, &below, &c);
	assert_int_equal(c.vtcons.n + c.framebuffers.n, 0);
	vtcon("vtcon0", "(M) VGA+\n", "1\n");
	vtcon("vtcon1", "(M) frame buffer device\n", "0\n");
	uses_of_console(&arena, &root, true, &below, &c);
	assert_int_equal(c.vtcons.n + c.framebuffers.n, 0);
}

static void paths_of_the_console(void **state)
{
	struct root root = tree_root();

	(void)state;
	a_console();
	assert_text(uses_vtcon_path(&arena, "vtcon1"), "/sys/class/vtconsole/vtcon1/bind");
	assert_text(uses_platform_path(&arena, "efi-framebuffer", "unbind"),
		    "/sys/bus/platform/drivers/efi-framebuffer/unbind");
	assert_true(uses_platform_is_bound(&arena, &root, "efi-framebuffer", "efi-framebuffer.0"));
	assert_false(uses_platform_is_bound(&arena, &root, "efi-framebuffer", "efi-framebuffer.1"));
	assert_false(uses_platform_is_bound(&arena, &root, "vesa-framebuffer", "a"));
}

int main(void)
{
	TREE_ROWS(net_rows, an_interface_is_needed);
	TREE_TEST("an interface that is not there", no_such_interface);
	TREE_ROWS(disk_rows, a_disk_is_used);
	TREE_TEST("the first partition that is used is named", the_first_partition_is_named);
	TREE_TEST("a disk is claimed, and nothing is made", claims_disks);
	TREE_ROWS(console_rows, a_console_is_found);
	TREE_TEST("a console that is not bound is none", an_unbound_console);
	TREE_TEST("where a console is unbound", paths_of_the_console);
	return unit_run("uses");
}
