/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include "str.h"
#include "tree.h"

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
	TREE_TEST("all of a file is read", reads_all_of_a_file);
	TREE_TEST("a command line is words, empty ones too", reads_a_command_line);
	TREE_TEST("a kernel thread has no words", an_empty_command_line);
	UNIT_TEST("this program's own path is told", knows_itself);
	return unit_run("host");
}
