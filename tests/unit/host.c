/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include "str.h"
#include "tree.h"

static void pci_function(const char *address, const char *vendor, const char *device)
{
	tree_file(arena_printf(&arena, "sys/bus/pci/devices/%s/vendor", address), vendor);
	if (device)
		tree_file(arena_printf(&arena, "sys/bus/pci/devices/%s/device", address), device);
}

static const struct row {
	const char *name, *address, *want;
} rows[] = {
	{ "a device by its whole address", "0000:05:00.0", "10de:1b06" },
	{ "without its domain", "05:00.0", "10de:1b06" },
	{ "without leading zeros", "5:0.0", "10de:1b06" },
	{ "with a short domain", "0:5:0.0", "10de:1b06" },
	{ "another function", "05:00.1", "10de:10ef" },
	{ "capitals in the address", "0000:AF:1F.7", "8086:00ab" },
	{ "a domain of more than 16 bits", "10000:e1:00.0", "8086:0a54" },
	{ "a device that is not there", "06:00.0", NULL },
	{ "a device whose id cannot be read", "07:00.0", NULL },
	{ "an id that is no number", "08:00.0", NULL },
	{ "a slot alone is no address", "05", NULL },
	{ "no function", "05:00", NULL },
	{ "something behind it", "05:00.0x", NULL },
	{ "a path", "../../../etc", NULL },
	{ "nothing", "", NULL },
};

static void tells_pci_ids(void **state)
{
	const struct row *row = *state;
	struct host host = tree_host();

	pci_function("0000:05:00.0", "0x10de\n", "0x1b06\n");
	pci_function("0000:05:00.1", "0x10de\n", "0x10ef\n");
	pci_function("0000:af:1f.7", "0x8086\n", "0x00ab\n");
	pci_function("10000:e1:00.0", "0x8086\n", "0x0a54\n");
	pci_function("0000:07:00.0", "0x8086\n", NULL);
	pci_function("0000:08:00.0", "0x8086\n", "none\n");
	assert_text(host_pci_id(&host, row->address), row->want);
}

static void reads_all_of_a_file(void **state)
{
	struct host host = tree_host();
	char *big = arena_alloc(&arena, 10001), *text;
	size_t len;

	(void)state;
	memset(big, 'x', 10000);
	tree_file("proc/1/status", big);
	assert_int_equal(host_read(&host, "/proc/1/status", &text, &len), 0);
	assert_int_equal(len, 10000);
	assert_text(text, big);
	tree_file("sys/empty", "");
	assert_int_equal(host_read(&host, "/sys/empty", &text, &len), 0);
	assert_text(text, "");
	assert_int_equal(host_read(&host, "/sys/none", &text, &len), -ENOENT);
	tree_folder("sys/folder");
	assert_int_equal(host_read(&host, "/sys/folder", &text, &len), -EISDIR);
}

static void reads_a_command_line(void **state)
{
	static const char line[] = "qemu\0-name\0\0-S";
	struct host host = tree_host();
	struct strv argv = { 0 };

	(void)state;
	tree_bytes("proc/42/cmdline", line, sizeof(line), 0644);
	assert_int_equal(host_cmdline(&host, 42, &argv), 0);
	assert_int_equal(argv.n, 4);
	assert_text(argv.v[0], "qemu");
	assert_text(argv.v[2], "");
	assert_text(argv.v[3], "-S");
	assert_int_equal(host_cmdline(&host, 43, &argv), -ENOENT);
}

/* A kernel thread has none. */
static void an_empty_command_line(void **state)
{
	struct host host = tree_host();
	struct strv argv = { 0 };

	(void)state;
	tree_file("proc/2/cmdline", "");
	assert_int_equal(host_cmdline(&host, 2, &argv), 0);
	assert_int_equal(argv.n, 0);
}

static void knows_itself(void **state)
{
	const char *self = host_self_exe(&arena);
	struct stat a, b;

	(void)state;
	assert_non_null(self);
	assert_int_equal(self[0], '/');
	assert_int_equal(stat(self, &a), 0);
	assert_int_equal(stat("/proc/self/exe", &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
}

int main(void)
{
	TREE_ROWS(rows, tells_pci_ids);
	TREE_TEST("all of a file is read", reads_all_of_a_file);
	TREE_TEST("a command line is words, empty ones too", reads_a_command_line);
	TREE_TEST("a kernel thread has no words", an_empty_command_line);
	UNIT_TEST("this program's own path is told", knows_itself);
	return unit_run("host");
}
