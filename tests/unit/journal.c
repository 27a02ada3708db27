/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal is written, and read again; whose file is believed, and what is not
 * written in the first place.
 */
#include "journaltree.h"

/* --- there and back */

static void there_and_back(void **state)
{
	struct journal j = good();
	struct err err;

	(void)state;
	assert_int_equal(write_it(&j, &err), 0);
	assert_int_equal(read_it(&j, &err), 0);
	assert_int_equal(j.kind, JOURNAL_VM);
	assert_int_equal(j.state, STATE_BINDING);
	assert_text(j.uuid, UUID);
	assert_text(j.name, "web 1");
	assert_text(j.boot, good().boot);
	assert_text(j.created, good().created);
	assert_int_equal(j.daemon.pid, 1000);
	assert_int_equal(j.daemon.start, 2000);
	assert_int_equal(j.qemu.pid, 3000);
	same_devices(&j);
	same_steps(&j);
	assert_int_equal(j.n_stuck, 2);
	assert_text(j.stuck[0].device, GPU);
	assert_int_equal(j.stuck[0].op, OP_UNBIND);
	assert_int_equal(j.stuck[0].child.pid, 4242);
	assert_true(j.stuck[0].child.start == 987654321012ULL);
	assert_null(j.stuck[1].device);
	assert_int_equal(j.n_memory, UNIT_COUNT(memory));
	for (size_t i = 0; i < j.n_memory; i++) {
		assert_int_equal(j.memory[i].page, memory[i].page);
		assert_text(j.memory[i].nodes, memory[i].nodes);
		assert_int_equal(j.memory[i].pages, memory[i].pages);
	}
}

static void as_little_as_possible(void **state)
{
	struct journal j = { .kind = JOURNAL_HAND, .state = STATE_BOUND, .uuid = UUID, .boot = "" };
	struct err err;

	(void)state;
	assert_int_equal(write_it(&j, &err), 0);
	assert_text(squeezed(FILE_), "{"
				  "\"version\":1,"
				  "\"kind\":\"hand\","
				  "\"state\":\"bound\","
				  "\"uuid\":\"" UUID "\","
				  "\"boot\":\"\","
				  "\"devices\":[],"
				  "\"steps\":[],"
				  "\"stuck\":[]"
				  "}");
	assert_int_equal(read_it(&j, &err), 0);
	assert_int_equal(j.kind, JOURNAL_HAND);
	assert_null(j.name);
	assert_int_equal(j.qemu.pid, 0);
}

/* Until 0.1 the list of stuck operations had another key. */
static void its_former_key(void **state)
{
	struct journal j = good();
	struct err err;
	char *text, *key;

	(void)state;
	assert_int_equal(write_it(&j, &err), 0);
	text = slurp(FILE_);
	key = strstr(text, "\"stuck\"");
	assert_non_null(key);
	tree_file(FILE_, arena_printf(&arena, "%.*s\"wedged\"%s", (int)(key - text), text,
				      key + strlen("\"stuck\"")));
	assert_int_equal(read_it(&j, &err), 0);
	assert_int_equal(j.n_stuck, 2);
}

static void nobody_elses_to_read(void **state)
{
	struct journal j = good();
	struct stat st;
	struct err err;

	(void)state;
	tree_folder("run");
	umask(geteuid() == 0 ? 0777 : 077);
	assert_int_equal(write_it(&j, &err), 0);
	umask(022);
	assert_int_equal(stat(tree_path(FILE_), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* --- names are data */

static const struct text_row {
	const char *name, *text, *want; /* NULL: the same */
} names[] = {
	{ "a name that leaves its folder", "../../../etc/passwd", NULL },
	{ "a name that ends the string", "\",\"uuid\":\"" OTHER "\",\"x\":\"", NULL },
	{ "a name with backslashes", "\\\\u0000\\n\\", NULL },
	{ "a name with newlines and escapes", "a\nb\r\t\x1b[2J\x7f\x01", NULL },
	{ "a name with letters of the world", "caf\xc3\xa9 \xf0\x9f\x90\x8b", NULL },
	{ "a name with a shell in it", "$(reboot) `id` ; rm -rf / # %s %n", NULL },
	{ "an empty name", "", NULL },
	{ "a name that is not UTF-8 leaves JSON behind all the same", "a\xff\xc3(b", NULL },
};

static void names_are_data(void **state)
{
	const struct text_row *row = *state;
	struct journal j = good(), got;
	struct err err;

	j.name = row->text;
	assert_int_equal(write_it(&j, &err), 0);
	assert_int_equal(read_it(&got, &err), 0);
	assert_text(got.name, row->want ? row->want : row->text);
	assert_text(got.uuid, UUID);
	same_devices(&got);
}

/* At whichever byte it was cut. */
static void half_a_file(void **state)
{
	struct journal j = good();
	struct err err;
	char *text;

	(void)state;
	assert_int_equal(write_it(&j, &err), 0);
	text = slurp(FILE_);
	for (size_t len = 0; len < strlen(text) - 1; len += len < 8 ? 1 : 97) {
		tree_bytes(FILE_, text, len, 0600);
		is_refused("the file is not a valid JSON object");
	}
}

static void more_behind_a_nul(void **state)
{
	struct journal j = good();
	struct err err;
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(write_it(&j, &err), 0);
	text = slurp(FILE_);
	len = strlen(text);
	text[len - 1] = '\0';
	tree_bytes(FILE_, text, len, 0600);
	is_refused("the file is not a valid JSON object");
}

/* --- whose file it is */

static void write_good(void)
{
	struct journal j = good();
	struct err err;

	assert_int_equal(write_it(&j, &err), 0);
}

static void no_links(void **state)
{
	(void)state;
	write_good();
	assert_int_equal(rename(tree_path(FILE_), tree_path("elsewhere")), 0);
	tree_link(FILE_, tree_path("elsewhere"));
	is_refused("must not be a symbolic link");
	assert_int_equal(unlink(tree_path(FILE_)), 0);
	tree_link(FILE_, "/dev/null");
	is_refused("must not be a symbolic link");
}

static void no_linked_folders(void **state)
{
	struct journal j;
	struct err err;
	int rc;

	(void)state;
	write_good();
	assert_int_equal(rename(tree_path(VMS), tree_path("elsewhere")), 0);
	tree_link(VMS, tree_path("elsewhere"));
	rc = read_it(&j, &err);
	assert_true(rc < 0 && rc != -ENOENT);
	assert_says(tree_hide(err.text), "/" VMS ": ");
}

static void no_file_that_others_write(void **state)
{
	(void)state;
	write_good();
	assert_int_equal(chmod(tree_path(FILE_), 0666), 0);
	is_refused("the group or others can write to it (mode 0666)");
	assert_int_equal(chmod(tree_path(FILE_), 0620), 0);
	is_refused("the group or others can write to it (mode 0620)");
}

static void no_strangers_file(void **state)
{
	(void)state;
	write_good();
	assert_int_equal(chown(tree_path(FILE_), 12345, 12345), 0);
	is_refused("the owner is user 12345");
}

static void no_fifo(void **state)
{
	(void)state;
	write_good();
	assert_int_equal(unlink(tree_path(FILE_)), 0);
	assert_int_equal(mkfifo(tree_path(FILE_), 0600), 0);
	is_refused("must be a regular file");
}

static void not_more_than_a_mebibyte(void **state)
{
	char *big = arena_alloc(&arena, FILE_MAX + 1);

	(void)state;
	write_good();
	memset(big, ' ', FILE_MAX + 1);
	tree_bytes(FILE_, big, FILE_MAX + 1, 0600);
	is_refused("the file is larger than 1 MiB");
}

static void none_is_no_failure(void **state)
{
	struct journal j;
	struct err err;

	(void)state;
	assert_int_equal(read_it(&j, &err), -ENOENT);
	tree_folder(FOLDER);
	assert_int_equal(read_it(&j, &err), -ENOENT);
	assert_text(err.text, "");
}

/* --- what is not written */

static void not_what_nobody_would_read(void **state)
{
	struct step bad[] = { { OP_UNBIND, 0, GPU, NULL, NULL, "a driver" } };
	struct journal j = good();
	struct err err;

	(void)state;
	j.steps = bad;
	j.n_steps = 1;
	assert_int_equal(write_it(&j, &err), -EINVAL);
	assert_says(err.text, "step 1: 'from' is not a valid driver name");
	assert_int_equal(access(tree_path(FILE_), F_OK), -1);
}

/* Messages name the VM. */
static void no_vm_without_a_name(void **state)
{
	struct journal j = good();
	struct err err;

	(void)state;
	j.name = NULL;
	assert_int_equal(write_it(&j, &err), -EINVAL);
	assert_says(err.text, "'name' is missing");
}

static void not_larger_than_is_read(void **state)
{
	struct journal j = { .uuid = UUID, .name = "a", .boot = "b" };
	struct err err;

	(void)state;
	for (int i = 0; i < 20000; i++)
		*arena_push(&arena, j.steps, j.n_steps, j.steps_cap) = steps[2];
	assert_int_equal(write_it(&j, &err), -EFBIG);
	assert_says(err.text, "1 MiB");
	assert_int_equal(access(tree_path(FILE_), F_OK), -1);
}

/* --- all of them */

static void those_with_a_folder(void **state)
{
	struct host host = tree_host();
	struct strv uuids = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(journal_uuids(&host, &uuids, &err), 0);
	assert_int_equal(uuids.n, 0);
	write_good();
	tree_file(VMS "/" OTHER "/journal.json", "");
	tree_file(VMS "/" MDEV "/facts.json", "");
	tree_file(VMS "/lost+found/journal.json", "");
	tree_file(VMS "/4C4C4544-0031-3310-8047-B3C04F4A3532/journal.json", "");
	assert_int_equal(journal_uuids(&host, &uuids, &err), 0);
	assert_int_equal(uuids.n, 3);
	assert_text(uuids.v[0], OTHER);
	assert_text(uuids.v[1], UUID);
	assert_text(uuids.v[2], MDEV); /* what a killed hook left before its journal */
}

int main(void)
{
	TREE_TEST("what is written is read again, each op of it", there_and_back);
	TREE_TEST("what is not known is left out", as_little_as_possible);
	TREE_TEST("the former key of the list of stuck operations is read", its_former_key);
	TREE_TEST("nobody else may read it, whatever the umask", nobody_elses_to_read);
	TREE_ROWS(names, names_are_data);
	TREE_TEST("an empty file and each half of one are refused", half_a_file);
	TREE_TEST("what is behind a NUL is not passed over", more_behind_a_nul);
	TREE_TEST("a link is refused, wherever it leads", no_links);
	TREE_TEST("a folder on the way that is a link is refused", no_linked_folders);
	TREE_TEST("a file that others can write is refused", no_file_that_others_write);
	if (geteuid() == 0)
		TREE_TEST("a stranger's file is refused", no_strangers_file);
	TREE_TEST("a fifo is refused, and does not hang us", no_fifo);
	TREE_TEST("more than a mebibyte is refused", not_more_than_a_mebibyte);
	TREE_TEST("no journal is -ENOENT and no sentence", none_is_no_failure);
	TREE_TEST("what would not be believed is not written", not_what_nobody_would_read);
	TREE_TEST("a VM has a name", no_vm_without_a_name);
	TREE_TEST("what is too large to be read is not written", not_larger_than_is_read);
	TREE_TEST("the VMs that have a folder, in order, with a journal or without", those_with_a_folder);
	return unit_run("journal");
}
