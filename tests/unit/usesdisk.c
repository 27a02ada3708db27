/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesdisk.h"

#include <sys/sysmacros.h>

#include "host/process/process.h"
#include "host/use/usesclaim.h"
#include "host/use/usesimage.h"
#include "str.h"
#include "blocktree.h"
#include "tree.h"

/* Disks. */

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

/* One more disk that is not named in the mount table, or by another name. */
static const struct place_row {
	const char *name, *disk;
	const char *mountinfo, *swaps;
	const char *path, *to; /* a link (to), or a folder */
	const char *want;
} place_rows[] = {
	{ "a partition by its own name", "sda1", "36 25 8:1 / /srv rw - ext4 /dev/sda1 rw\n",
	  .want = "sda1 is mounted on /srv" },
	{ "another partition of the same disk", "sda2", "36 25 8:1 / /srv rw - ext4 /dev/sda1 rw\n" },
	{ "a partition of a disk that is used whole", "sda1", "36 25 8:0 / /srv rw - ext4 /dev/sda rw\n",
	  .want = "sda is mounted on /srv" },
	{ "a logical volume", "dm-0", "36 25 253:0 / / rw - ext4 /dev/mapper/vg-root rw\n",
	  .want = "dm-0 is mounted on /" },
	{ "btrfs on a logical volume", "dm-0", "36 25 0:31 /@ / rw - btrfs /dev/mapper/vg-root rw\n",
	  .want = "dm-0 is mounted on /" },
	{ "btrfs on another logical volume", "dm-0", "36 25 0:31 /@ / rw - btrfs /dev/mapper/vg-root2 rw\n" },
	{ "swap on a logical volume", "dm-0", .swaps = SWAPS "/dev/mapper/vg-root partition\t1\t0\t-2\n",
	  .want = "dm-0 is swap" },
	{ "the second disk of a btrfs", "sdb", "36 25 0:31 / /srv rw - btrfs /dev/sda rw\n",
	  .path = "sys/fs/btrfs/0-1/devices/sdb", .want = "sdb is part of the btrfs file system 0-1" },
	{ "of a bcachefs", "sdb", .path = "sys/fs/bcachefs/0-1/dev-1/block", .to = "../../../../block/sdb",
	  .want = "sdb is part of the bcachefs file system 0-1" },
	{ "a disk that bcache has", "sdb", .path = "sys/class/block/sdb/bcache/set",
	  .want = "sdb is part of a bcache" },
	{ "a disk that bcache makes", "bcache0", .path = "sys/class/block/bcache0/bcache/set" },
};

static void tells_the_use_by_another_name(void **state)
{
	const struct place_row *row = *state;
	struct host host = tree_host();

	disk("sda", "8:0\n");
	partition("sda", "sda1", "8:1\n");
	partition("sda", "sda2", "8:2\n");
	tree_file("sys/class/block/sda1/partition", "1\n");
	tree_file("sys/class/block/sda2/partition", "2\n");
	tree_folder("sys/block/sda/sda1");
	tree_folder("sys/block/sda/sda2");
	disk("sdb", "8:16\n");
	disk("dm-0", "253:0\n");
	tree_file("sys/class/block/dm-0/dm/name", "vg-root\n");
	if (row->mountinfo)
		tree_file("proc/self/mountinfo", row->mountinfo);
	if (row->swaps)
		tree_file("proc/swaps", row->swaps);
	if (row->path)
		tree_folder(arena_printf(&arena, "%.*s", (int)(strrchr(row->path, '/') - row->path),
					 row->path));
	if (row->to)
		tree_link(row->path, row->to);
	else if (row->path)
		tree_folder(row->path);
	assert_text(uses_of_disk(&host, row->disk), row->want);
}

static void refuses_what_cannot_be_read(void **state)
{
	struct host host = tree_host();

	(void)state;
	disk("sda", "8:0\n");
	tree_folder("proc/self/mountinfo");
	assert_text(uses_of_disk(&host, "sda"),
		    "/proc/self/mountinfo cannot be read (Is a directory), so the mounts of sda are unknown");
}

/* Image files. */

static const struct file_row {
	const char *name, *backing, *swap, *want;
} file_rows[] = {
	{ "a file that nobody uses", NULL, NULL, NULL },
	{ "the backing file of a loop device", "/srv/x.img", NULL, "/srv/x.img is the backing file of loop0" },
	{ "one of the same name elsewhere", "/mnt/x.img", NULL, NULL },
	{ "by the name of its link", "/srv/other/x.img", NULL, "/srv/x.img is the backing file of loop0" },
	{ "a swap file", NULL, "/srv/x.img", "/srv/x.img is swap" },
};

static void tells_the_use_of_a_file(void **state)
{
	const struct file_row *row = *state;
	struct host host = tree_host();
	struct stat st;

	tree_file("srv/x.img", "");
	tree_folder("srv/other");
	tree_folder("sys/block/sda");
	if (link(tree_path("srv/x.img"), tree_path("srv/other/x.img")) < 0)
		fail();
	if (row->backing)
		tree_file("sys/block/loop0/loop/backing_file", tree_path(row->backing + 1));
	if (row->swap)
		tree_file("proc/swaps", arena_printf(&arena, SWAPS "%s file 1 0 -2\n",
						     tree_path(row->swap + 1)));
	assert_int_equal(stat(tree_path("srv/x.img"), &st), 0);
	assert_text(uses_of_image(&host, tree_path("srv/x.img"), &st) ?
			    tree_hide(uses_of_image(&host, tree_path("srv/x.img"), &st)) : NULL,
		    row->want);
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
	TREE_ROWS(disk_rows, tells_the_use_of_a_disk);
	TREE_ROWS(place_rows, tells_the_use_by_another_name);
	TREE_TEST("a list that cannot be read is a use", refuses_what_cannot_be_read);
	TREE_ROWS(file_rows, tells_the_use_of_a_file);
	TREE_TEST("a disk is claimed by its name in /dev", claims_a_disk);
	TREE_ROWS(kernel_rows, tells_what_claims_nothing);
	return unit_run("usesdisk");
}
