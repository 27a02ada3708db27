/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/vfionode.h"

#include "err.h"
#include "tree.h"

static const char *ours(void)
{
	return arena_printf(&arena, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
}

static void tells_its_owner(void **state)
{
	struct host host = tree_host();

	(void)state;
	assert_null(vfionode_owner(&host, "17"));
	tree_file("dev/vfio/17", "");
	assert_text(vfionode_owner(&host, "17"), ours());
}

static void has_the_node_of_one_device(void **state)
{
	struct host host = tree_host();
	struct err err = { 0 };

	(void)state;
	tree_file("dev/vfio/devices/vfio3", "");
	assert_text(vfionode_owner(&host, "devices/vfio3"), ours());
	assert_int_equal(vfionode_set_owner(&host, "devices/vfio3", ours(), &err), 0);
}

static void gives_it_away(void **state)
{
	struct host host = tree_host();
	const char *to = geteuid() == 0 ? "64055:108" : ours();
	struct err err = { 0 };

	(void)state;
	tree_file("dev/vfio/17", "");
	assert_int_equal(vfionode_set_owner(&host, "17", to, &err), 0);
	assert_text(vfionode_owner(&host, "17"), to);
}

/* Whatever somebody put in its place keeps its owner. */
static void not_what_is_no_node(void **state)
{
	struct host host = tree_host();
	struct err err = { 0 };

	(void)state;
	tree_folder("dev/vfio/folder");
	tree_file("etc/shadow", "");
	tree_link("dev/vfio/link", "../../etc/shadow");
	assert_int_equal(vfionode_set_owner(&host, "18", ours(), &err), -ENOENT);
	assert_text(err.text, "/dev/vfio/18: No such file or directory");
	assert_int_equal(vfionode_set_owner(&host, "link", ours(), &err), -EINVAL);
	assert_int_equal(vfionode_set_owner(&host, "folder", ours(), &err), -EINVAL);
	assert_null(vfionode_owner(&host, "link"));
}

/* On the machine itself a file is no node. */
static void only_devices(void **state)
{
	struct host real = { &arena, { .prefix = "" } };
	const char *file = arena_printf(&arena, "../..%s/x", tree_dir);
	struct err err = { 0 };

	(void)state;
	tree_file("x", "");
	assert_null(vfionode_owner(&real, file));
	assert_true(vfionode_set_owner(&real, file, ours(), &err) < 0);
}

static void only_numbers(void **state)
{
	static const char *const owners[] = { "", "root", "0", "0:", ":0" };
	struct host host = tree_host();
	struct err err = { 0 };

	(void)state;
	tree_file("dev/vfio/17", "");
	for (size_t i = 0; i < UNIT_COUNT(owners); i++) {
		assert_int_equal(vfionode_set_owner(&host, "17", owners[i], &err), -EINVAL);
		assert_says(err.text, "is not a valid UID:GID");
	}
}

int main(void)
{
	TREE_TEST("the device node for IOMMUFD", has_the_node_of_one_device);
	TREE_TEST("a node's owner is told", tells_its_owner);
	TREE_TEST("a node is given away", gives_it_away);
	TREE_TEST("a link or a folder is no node", not_what_is_no_node);
	TREE_TEST("nor is a file, but below a root", only_devices);
	TREE_TEST("an owner is two numbers", only_numbers);
	return unit_run("vfionode");
}
