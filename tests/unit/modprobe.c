/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What modprobe.d(5) files come to: which counts, lines that go on, names spelled either way. */
#include "host/modprobe.h"

#include "tree.h"

static struct modprobe files(const char *etc, const char *usr)
{
	struct host host = tree_host();
	struct modprobe m;

	if (etc)
		tree_file("etc/modprobe.d/vfio.conf", etc);
	if (usr)
		tree_file("lib/modprobe.d/vfio.conf", usr);
	modprobe_read(&host, &m);
	return m;
}

static void options(void **state)
{
	struct modprobe m = files("# options vfio-pci ids=1:1\noptions vfio_pci disable_vga=1 \\\n\tids=10de:1b06\n"
				  "options vfio-pci idsx=2\noptions other ids=3\noptions\n",
				  NULL);

	(void)state;
	assert_text(modprobe_option(&m, "vfio-pci", "ids"), "10de:1b06");
	assert_text(modprobe_option(&m, "vfio_pci", "disable_vga"), "1");
	assert_null(modprobe_option(&m, "vfio-pci", "id"));
	assert_null(modprobe_option(&m, "nouveau", "ids"));
}

static void blocked(void **state)
{
	struct modprobe m = files("blacklist vfio_pci\ninstall nouveau /bin/false\ninstall e1000e /sbin/x\n"
				  "install igb /bin/true\ninstall ixgbe\nblacklistx nvme\n",
				  NULL);

	(void)state;
	assert_text(modprobe_blocks(&m, "vfio-pci"), "/etc/modprobe.d/vfio.conf");
	assert_non_null(modprobe_blocks(&m, "nouveau"));
	assert_non_null(modprobe_blocks(&m, "igb"));
	assert_null(modprobe_blocks(&m, "e1000e"));
	assert_null(modprobe_blocks(&m, "ixgbe"));
	assert_null(modprobe_blocks(&m, "nvme"));
}

static void softdeps(void **state)
{
	struct modprobe m = files("softdep nouveau pre: drm vfio_pci post: snd\nsoftdep nvidia post: vfio-pci\n",
				  NULL);

	(void)state;
	assert_true(modprobe_goes_first(&m, "nouveau", "vfio-pci"));
	assert_false(modprobe_goes_first(&m, "nouveau", "snd"));
	assert_false(modprobe_goes_first(&m, "nvidia", "vfio-pci"));
}

static void etc_replaces(void **state)
{
	struct modprobe m = files("options vfio-pci ids=1:1\n", "options vfio-pci ids=2:2\nblacklist nvme\n");

	(void)state;
	tree_file("lib/modprobe.d/README", "blacklist e1000e\n");
	tree_folder("lib/modprobe.d/folder.conf");
	assert_text(modprobe_option(&m, "vfio-pci", "ids"), "1:1");
	assert_null(modprobe_blocks(&m, "nvme"));
	m = files("\n\nblacklist nvme \\", NULL);
	assert_int_equal(m.n, 1);
	m = files("", NULL);
	assert_int_equal(m.n, 0);
}

static void nothing(void **state)
{
	struct modprobe m = files(NULL, NULL);

	(void)state;
	assert_int_equal(m.n, 0);
	assert_null(modprobe_option(&m, "vfio-pci", "ids"));
	m = files("blacklist a\\", NULL);
	assert_non_null(modprobe_blocks(&m, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(options, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(blocked, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(softdeps, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(etc_replaces, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(nothing, tree_make, tree_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
