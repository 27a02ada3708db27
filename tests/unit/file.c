/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose files are believed. The caller's own are believed below KVMSHIM_ROOT;
 * with no root (the prefix "") only root's are. Rows that need a file of
 * somebody else run where we are root and can make one.
 */
#include "file.h"

#include "err.h"
#include "tree.h"

#define STRANGER 12345

static int read_at(const char *prefix, const char *name, int flags, struct file *file,
		   struct err *err)
{
	struct host host = { &arena, { .prefix = prefix } };
	int dir = open(tree_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	rc = file_read(&host, dir, name, flags, file, err);
	close(dir);
	return rc;
}

static const struct trust {
	const char *name;
	mode_t mode;
	bool by_stranger; /* only root can make such a file */
	const char *says; /* NULL: believed */
} trust[] = {
	{ "a file that everybody can read is believed", 0644 },
	{ "a file that nobody can write is believed", 0444 },
	{ "a file that can be executed is a file all the same", 0755 },
	{ "a file that its group can write is not", 0664, false, "mode 0664); run chmod go-w" },
	{ "a file that everybody can write is not", 0646, false, "mode 0646); run chmod go-w" },
	{ "a file that the user of VMs cannot read is not, and it says chmod 0644", 0600, false,
	  "chmod 0644" },
	{ "nor one that only the group can read", 0640, false, "chmod 0644" },
	{ "a stranger's file is not believed", 0644, true, "the owner is user 12345" },
};

static void judges_files(void **state)
{
	const struct trust *row = *state;
	struct file file = { 0 };
	struct err err = { 0 };
	int rc;

	tree_bytes("a.ini", "text", 4, row->mode);
	if (row->by_stranger)
		assert_int_equal(chown(tree_path("a.ini"), STRANGER, STRANGER), 0);
	rc = read_at(tree_dir, "a.ini", 0, &file, &err);
	if (row->says) {
		assert_int_equal(rc, -EPERM);
		assert_says(err.text, row->says);
	} else {
		assert_int_equal(rc, 0);
		assert_text(file.text, "text");
		assert_int_equal(file.len, 4);
	}
}

static void judges_folders(void **state)
{
	const struct trust *row = *state;
	struct host host = tree_host();
	struct err err = { 0 };
	int fd;

	tree_folder("d");
	assert_int_equal(chmod(tree_path("d"), row->mode), 0);
	if (row->by_stranger)
		assert_int_equal(chown(tree_path("d"), STRANGER, STRANGER), 0);
	fd = folder_open(&host.root, AT_FDCWD, tree_path("d"), &err);
	if (row->says) {
		assert_int_equal(fd, -EPERM);
		assert_says(err.text, row->says);
	} else {
		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

static const struct trust folders[] = {
	{ "a folder of ours is believed", 0755 },
	{ "a folder that all may enter and only its owner list is believed", 0711 },
	{ "a folder that the user of VMs cannot enter is not", 0744, false, "chmod 0755" },
	{ "a folder that its group can write is not believed", 0775, false, "chmod go-w" },
	{ "a folder that all can write is not, sticky or not", 01777, false, "chmod go-w" },
	{ "a stranger's folder is not believed", 0755, true, "the owner is user 12345" },
};

/* As a user who is not root. */
/* What is ours alone: nobody else need read it, but nobody else may write it either. */
static const struct trust private[] = {
	{ "a private file that nobody else can read is believed", 0600 },
	{ "a private file that everybody can read is believed", 0644 },
	{ "a private file that its group can write is not", 0620, false, "mode 0620); run chmod go-w" },
	{ "a stranger's private file is not believed", 0600, true, "the owner is user 12345" },
};

static void judges_private_files(void **state)
{
	const struct trust *row = *state;
	struct host host = tree_host();
	struct file file = { 0 };
	struct err err = { 0 };
	int dir, rc;

	tree_bytes("d/a.json", "text", 4, row->mode);
	if (row->by_stranger)
		assert_int_equal(chown(tree_path("d/a.json"), STRANGER, STRANGER), 0);
	dir = folder_open_private(&host.root, AT_FDCWD, tree_path("d"), &err);
	assert_true(dir >= 0);
	rc = file_read_private(&host, dir, "a.json", &file, &err);
	close(dir);
	assert_int_equal(rc, row->says ? -EPERM : 0);
	assert_says(row->says ? err.text : file.text, row->says ? row->says : "text");
}

static void judges_private_folders(void **state)
{
	struct host host = tree_host();
	struct err err = { 0 };
	int fd;

	(void)state;
	tree_folder("d");
	assert_int_equal(chmod(tree_path("d"), 0700), 0);
	fd = folder_open_private(&host.root, AT_FDCWD, tree_path("d"), &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(chmod(tree_path("d"), 0720), 0);
	assert_int_equal(folder_open_private(&host.root, AT_FDCWD, tree_path("d"), &err), -EPERM);
	tree_link("l", "d");
	assert_int_equal(folder_open_private(&host.root, AT_FDCWD, tree_path("l"), &err), -ENOTDIR);
	err = (struct err){ 0 };
	assert_int_equal(folder_open_private(&host.root, AT_FDCWD, tree_path("n"), &err), -ENOENT);
	assert_text(err.text, "");
}

static void no_private_links(void **state)
{
	struct host host = tree_host();
	struct file file = { 0 };
	struct err err = { 0 };
	int dir;

	(void)state;
	tree_link("a.json", "/dev/null");
	dir = folder_open_private(&host.root, AT_FDCWD, tree_dir, &err);
	assert_int_equal(file_read_private(&host, dir, "a.json", &file, &err), -ELOOP);
	assert_int_equal(file_read_private(&host, dir, "none", &file, &err), -ENOENT);
	close(dir);
}

static void our_own_without_a_root(void **state)
{
	uid_t was = geteuid();
	struct file file = { 0 };
	struct err err = { 0 };
	int host, below;

	(void)state;
	tree_bytes("a.ini", "text", 4, 0644);
	if (was == 0) {
		assert_int_equal(chown(tree_path("a.ini"), STRANGER, STRANGER), 0);
		assert_int_equal(seteuid(STRANGER), 0);
	}
	host = read_at("", "a.ini", 0, &file, &err);
	below = read_at(tree_dir, "a.ini", 0, &file, &err);
	assert_int_equal(seteuid(was), 0);
	assert_int_equal(host, -EPERM);
	assert_says(err.text, "must be root; run chown root");
	assert_int_equal(below, 0);
}

static void roots_files_are_believed_by_all(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };
	int host, below;

	(void)state;
	tree_bytes("a.ini", "text", 4, 0644);
	assert_int_equal(seteuid(STRANGER), 0);
	host = read_at("", "a.ini", 0, &file, &err);
	below = read_at(tree_dir, "a.ini", 0, &file, &err);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(host, 0);
	assert_int_equal(below, 0);
}

static void missing(void **state)
{
	struct host host = tree_host();
	struct file file = { 0 };
	struct err err = { .text = "untouched" };

	(void)state;
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), -ENOENT);
	assert_int_equal(folder_open(&host.root, AT_FDCWD, tree_path("d"), &err), -ENOENT);
	assert_text(err.text, "untouched");
}

static void a_file_is_no_folder(void **state)
{
	struct host host = tree_host();
	struct err err = { 0 };

	(void)state;
	tree_file("d", "");
	assert_int_equal(folder_open(&host.root, AT_FDCWD, tree_path("d"), &err), -ENOTDIR);
	assert_says(err.text, "Not a directory");
}

static void a_folder_is_no_file(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	tree_folder("a.ini");
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), -EINVAL);
	assert_says(err.text, "must be a regular file");
}

/* It would wait for a writer, and libvirt for us. */
static void a_fifo_does_not_hang_us(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(mkfifo(tree_path("a.ini"), 0644), 0);
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), -EINVAL);
	assert_says(err.text, "must be a regular file");
}

static void links_are_followed(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	tree_file("elsewhere/b.ini", "text");
	tree_link("a.ini", "elsewhere/b.ini");
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), 0);
	assert_text(file.text, "text");
	assert_int_equal(read_at(tree_dir, "a.ini", O_NOFOLLOW, &file, &err), -ELOOP);
	assert_says(err.text, "must not be a symbolic link");
}

static void a_link_to_dev_null_is_nothing(void **state)
{
	struct file file = { .text = "before" };
	struct err err = { 0 };

	(void)state;
	tree_link("a.ini", "/dev/null");
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), 0);
	assert_null(file.text);
	assert_int_equal(file.len, 0);
}

static void another_device_is_no_file(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	tree_link("a.ini", "/dev/zero");
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), -EINVAL);
}

static void a_mebibyte_and_no_more(void **state)
{
	char *big = arena_alloc(&arena, FILE_MAX + 1);
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	memset(big, '\n', FILE_MAX + 1);
	tree_bytes("a.ini", big, FILE_MAX, 0644);
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), 0);
	assert_int_equal(file.len, FILE_MAX);
	assert_int_equal(file.text[FILE_MAX], '\0');
	tree_bytes("a.ini", big, FILE_MAX + 1, 0644);
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), -EFBIG);
	assert_says(err.text, "1 MiB");
	assert_int_equal(file_read_any(&arena, tree_path("a.ini"), &file, &err), -EFBIG);
}

static void bytes_as_they_are(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	tree_bytes("a.ini", "a\0b\r\n\xff", 6, 0644);
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), 0);
	assert_int_equal(file.len, 6);
	assert_memory_equal(file.text, "a\0b\r\n\xff", 7);
	tree_bytes("a.ini", "", 0, 0644);
	assert_int_equal(read_at(tree_dir, "a.ini", 0, &file, &err), 0);
	assert_text(file.text, "");
}

/* A draft that nobody has installed yet. */
static void anybodys_file(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	tree_bytes("draft.ini", "0123456789", 10, 0666);
	assert_int_equal(file_read_any(&arena, tree_path("draft.ini"), &file, &err), 0);
	assert_text(file.text, "0123456789");
	assert_text(file.path, tree_path("draft.ini"));
	assert_int_equal(file_read_any(&arena, tree_path("none"), &file, &err), -ENOENT);
	assert_says(err.text, "none: No such file");
	assert_int_equal(file_read_any(&arena, tree_dir, &file, &err), -EINVAL);
	assert_says(err.text, "must be a regular file");
}

static void the_end_of_a_log(void **state)
{
	struct file file = { 0 };
	struct err err = { 0 };

	(void)state;
	tree_bytes("log", "0123456789", 10, 0600);
	assert_int_equal(file_read_tail(&arena, tree_path("log"), 10, &file, &err), 0);
	assert_text(file.text, "0123456789");
	assert_int_equal(file_read_tail(&arena, tree_path("log"), 4, &file, &err), 0);
	assert_text(file.text, "6789");
	assert_int_equal(file.len, 4);
	assert_int_equal(file_read_tail(&arena, tree_path("none"), 4, &file, &err), -ENOENT);
}

static void add_rows(const struct trust *rows, size_t n, CMUnitTestFunction f)
{
	for (size_t i = 0; i < n; i++)
		if (!rows[i].by_stranger || geteuid() == 0)
			tree_add(rows[i].name, f, &rows[i]);
}

int main(void)
{
	add_rows(trust, UNIT_COUNT(trust), judges_files);
	add_rows(folders, UNIT_COUNT(folders), judges_folders);
	add_rows(private, UNIT_COUNT(private), judges_private_files);
	TREE_TEST("a private folder is for us to enter, and no link", judges_private_folders);
	TREE_TEST("a private file is no link", no_private_links);
	TREE_TEST("our own file is believed below KVMSHIM_ROOT, not without it",
		  our_own_without_a_root);
	if (geteuid() == 0)
		TREE_TEST("root's files are believed by every user",
			  roots_files_are_believed_by_all);
	TREE_TEST("what is missing is -ENOENT and no sentence", missing);
	TREE_TEST("a file is no folder", a_file_is_no_folder);
	TREE_TEST("a folder is no file", a_folder_is_no_file);
	TREE_TEST("a fifo does not hang us", a_fifo_does_not_hang_us);
	TREE_TEST("links are followed, unless O_NOFOLLOW says no", links_are_followed);
	TREE_TEST("a link to /dev/null is no text at all", a_link_to_dev_null_is_nothing);
	TREE_TEST("another device is not read", another_device_is_no_file);
	TREE_TEST("one mebibyte is read, one byte more is not", a_mebibyte_and_no_more);
	TREE_TEST("bytes come as they are, with a NUL behind them", bytes_as_they_are);
	TREE_TEST("a draft is read whoever owns it", anybodys_file);
	TREE_TEST("of a log that is too long the end is read", the_end_of_a_log);
	return unit_run("file");
}
