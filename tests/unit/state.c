/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/resource.h>

#include "statetree.h"

#define STRANGER 12345

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(tree_path(path), &st), 0);
	return st.st_mode & 07777;
}

/* --- folders */

static const struct umask_row {
	const char *name;
	mode_t mask;
} umasks[] = {
	{ "modes are exact with the usual umask", 022 },
	{ "modes are exact without one", 0 },
	{ "modes are exact with a narrow one", 077 },
	{ "modes are exact with one that takes all", 0777 },
};

static void modes_are_exact(void **state)
{
	const struct umask_row *row = *state;
	struct host host = tree_host();
	struct err err = { 0 };
	int fd, lock;

	if (row->mask == 0777 && geteuid() != 0)
		return;
	tree_folder("run");
	umask(row->mask);
	fd = open_vm(&err);
	lock = state_lock(&host, &err);
	assert_int_equal(state_publish(&arena, fd, "facts.json", 0644, "{}", &err), 0);
	assert_int_equal(state_publish(&arena, fd, "journal.json", 0600, "{}", &err), 0);
	umask(022);
	assert_true(fd >= 0 && lock >= 0);
	assert_int_equal(mode_of(TOP), 0711);
	assert_int_equal(mode_of(VMS), 0711);
	assert_int_equal(mode_of(FOLDER), 0711);
	assert_int_equal(mode_of(FOLDER "/facts.json"), 0644);
	assert_int_equal(mode_of(FOLDER "/journal.json"), 0600);
	assert_int_equal(mode_of(TOP "/lock") & 0177, 0);
	close(lock);
	close(fd);
}

/* Its maker was killed between mkdir and chmod; or made it so that all may open, and lock, it. */
static void a_mode_is_put_right(void **state)
{
	(void)state;
	tree_folder(VMS);
	assert_int_equal(chmod(tree_path(TOP), 0700), 0);
	close(opened());
	assert_int_equal(mode_of(TOP), 0711);
	assert_int_equal(mode_of(VMS), 0711);
}

static void no_run(void **state)
{
	struct host host = tree_host();
	struct err err;

	(void)state;
	assert_int_equal(open_vm(&err), -ENOENT);
	assert_text(tree_hide(err.text), "/run: No such file or directory");
	assert_int_equal(state_lock(&host, &err), -ENOENT);
	assert_false(is_there("run"));
}

static const struct folder_row {
	const char *name, *folder, *link, *says;
	mode_t mode;
	bool by_stranger;
} folders[] = {
	{ "a link for our folder is refused", TOP, "elsewhere", "/" TOP ": " },
	{ "a link for the folder of VMs is refused", VMS, "elsewhere", "/" VMS ": " },
	{ "a link for the folder of a VM is refused", FOLDER, "elsewhere", "/" FOLDER ": " },
	{ "a link to nowhere is refused", VMS, "nowhere", "/" VMS ": " },
	{ "a folder that its group can write is refused", TOP, NULL, "/" TOP ": the group or others can write to it",
	  0731 },
	{ "a folder that all can write is refused", FOLDER, NULL, "/" FOLDER ": the group or others can write to it",
	  01777 },
	{ "a stranger's folder is refused", VMS, NULL, "/" VMS ": the owner is user 12345", 0711, true },
};

static void a_folder_is_refused(void **state)
{
	const struct folder_row *row = *state;
	struct err err;

	if (row->by_stranger && geteuid() != 0)
		return;
	tree_folder("elsewhere");
	tree_folder(row->folder);
	if (row->link) {
		assert_int_equal(rmdir(tree_path(row->folder)), 0);
		tree_link(row->folder, tree_path(row->link));
	} else {
		assert_int_equal(chmod(tree_path(row->folder), row->mode), 0);
	}
	if (row->by_stranger)
		assert_int_equal(chown(tree_path(row->folder), STRANGER, STRANGER), 0);
	assert_true(open_vm(&err) < 0);
	assert_says(tree_hide(err.text), row->says);
	assert_false(is_there("elsewhere/vm") || is_there("elsewhere/" UUID));
}

static void a_file_for_a_folder(void **state)
{
	struct err err;

	(void)state;
	tree_file(VMS, "");
	assert_int_equal(open_vm(&err), -ENOTDIR);
	assert_says(tree_hide(err.text), "/" VMS ": ");
}

static void no_uuid_no_path(void **state)
{
	struct host host = tree_host();
	struct err err = { 0 };

	(void)state;
	tree_folder(VMS);
	assert_int_equal(state_open(&host, "../../../etc\n", &err), -EINVAL);
	assert_text(err.text, "'../../../etc\\x0a' is not a valid UUID");
}

/* --- files */

static void assert_file(const char *path, const char *want)
{
	struct file file;
	struct err err = { 0 };

	assert_int_equal(file_read_any(&arena, tree_path(path), &file, &err), 0);
	assert_text(file.text, want);
}

static void whole_or_not(void **state)
{
	int fd = opened();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(state_publish(&arena, fd, "facts.json", 0644, "one", &err), 0);
	assert_int_equal(state_publish(&arena, fd, "facts.json", 0644, "two", &err), 0);
	assert_file(FOLDER "/facts.json", "two");
	assert_int_equal(state_unpublish(fd, "facts.json", &err), 0);
	assert_int_equal(state_unpublish(fd, "facts.json", &err), 0);
	assert_int_equal(rmdir(tree_path(FOLDER)), 0);
	close(fd);
}

/* A full disk, for which a test needs no disk: EFBIG comes from write(2) as ENOSPC does. */
static void a_full_disk(void **state)
{
	const struct rlimit little = { .rlim_cur = 1000, .rlim_max = RLIM_INFINITY };
	struct rlimit was;
	char *text = arena_alloc(&arena, 5001);
	int fd = opened(), rc;
	struct err err = { 0 };

	(void)state;
	memset(text, 'x', 5000);
	assert_int_equal(state_publish(&arena, fd, "journal.json", 0600, "before", &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	setrlimit(RLIMIT_FSIZE, &little);
	rc = state_publish(&arena, fd, "journal.json", 0600, text, &err);
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(rc, -EFBIG);
	assert_text(err.text, "/run/kvmshim: journal.json cannot be written: File too large");
	assert_file(FOLDER "/journal.json", "before");
	assert_int_equal(unlink(tree_path(FOLDER "/journal.json")), 0);
	assert_int_equal(rmdir(tree_path(FOLDER)), 0); /* nothing else is in it */
	close(fd);
}

/* Of a writer that was killed; or a trap that leads elsewhere. */
static void what_a_killed_writer_left(void **state)
{
	int fd = opened();
	struct err err = { 0 };

	(void)state;
	tree_file("elsewhere", "untouched");
	tree_file(FOLDER "/.journal.json.new", "{\"half");
	tree_link(FOLDER "/.facts.json.new", tree_path("elsewhere"));
	assert_int_equal(state_publish(&arena, fd, "journal.json", 0600, "{}", &err), 0);
	assert_int_equal(state_publish(&arena, fd, "facts.json", 0644, "{}", &err), 0);
	assert_file(FOLDER "/journal.json", "{}");
	assert_file(FOLDER "/facts.json", "{}");
	assert_file("elsewhere", "untouched");
	close(fd);
}

static int remove_it(int fd, struct err *err)
{
	struct host host = tree_host();

	*err = (struct err){ 0 };
	return state_remove(&host, UUID, fd, err);
}

static void removed_with_all_of_ours(void **state)
{
	int fd = opened();
	struct err err;

	(void)state;
	tree_file(FOLDER "/journal.json", "{}");
	tree_file(FOLDER "/facts.json", "{}");
	tree_file(FOLDER "/.journal.json.new", "{}");
	tree_file(FOLDER "/.facts.json.new", "{}");
	assert_int_equal(remove_it(fd, &err), 0);
	assert_false(is_there(FOLDER));
	assert_true(is_there(VMS));
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_int_equal(remove_it(fd, &err), 0);
	close(fd);
}

static void somebody_elses_file_stays(void **state)
{
	int fd = opened();
	struct err err;

	(void)state;
	tree_file(FOLDER "/notes", "");
	assert_int_equal(remove_it(fd, &err), -ENOTEMPTY);
	assert_text(tree_hide(err.text), "/" FOLDER ": Directory not empty");
	assert_true(is_there(FOLDER "/notes"));
	close(fd);
}

int main(void)
{
	TREE_ROWS(umasks, modes_are_exact);
	TREE_TEST("a mode that is not ours is put right", a_mode_is_put_right);
	TREE_TEST("without /run there is a sentence", no_run);
	TREE_ROWS(folders, a_folder_is_refused);
	TREE_TEST("a file where a folder should be is refused", a_file_for_a_folder);
	TREE_TEST("what is no UUID becomes no path", no_uuid_no_path);
	TREE_TEST("a file is published whole, and taken back", whole_or_not);
	TREE_TEST("a full disk leaves the old file and nothing else", a_full_disk);
	TREE_TEST("what a killed writer left is in nobody's way", what_a_killed_writer_left);
	TREE_TEST("a folder is removed with all that is ours", removed_with_all_of_ours);
	TREE_TEST("a folder with something else in it stays", somebody_elses_file_stays);
	return unit_run("state");
}
