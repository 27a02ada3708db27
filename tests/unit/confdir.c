/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/confdir.h"

#include "file.h"
#include "mistake.h"
#include "str.h"
#include "tree.h"

#define ETC "etc/kvmshim/rules.d/"
#define LIB "usr/lib/kvmshim/rules.d/"

static struct mistakes mistakes;

static void note_file(void *user, const struct file *file)
{
	strbuf_addf(user, "%s: %s\n", file->path, file->text);
}

/* The files in their order, as "PATH: TEXT" lines. */
static const char *read_files(void)
{
	struct host host = tree_host();
	struct strbuf b = { .arena = &arena };

	mistakes = (struct mistakes){ .arena = &arena };
	confdir_read(&host, note_file, &b, &mistakes);
	return tree_hide(strbuf_text(&b));
}

static const char *what_is_wrong(void)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < mistakes.n; i++)
		strbuf_addf(&b, "%s\n", mistake_text(&arena, &mistakes.v[i]));
	return tree_hide(strbuf_text(&b));
}

static void no_folders(void **state)
{
	(void)state;
	assert_text(read_files(), "");
	assert_int_equal(mistakes.n, 0);
	tree_folder("etc/kvmshim");
	tree_folder(LIB);
	assert_text(read_files(), "");
	assert_int_equal(mistakes.n, 0);
}

static void sorted_over_both_folders(void **state)
{
	(void)state;
	tree_file(ETC "90-c.ini", "c");
	tree_file(LIB "50-b.ini", "b");
	tree_file(ETC "10-a.ini", "a");
	tree_file(LIB "95-d.ini", "d");
	assert_text(read_files(), "/etc/kvmshim/rules.d/10-a.ini: a\n"
				  "/usr/lib/kvmshim/rules.d/50-b.ini: b\n"
				  "/etc/kvmshim/rules.d/90-c.ini: c\n"
				  "/usr/lib/kvmshim/rules.d/95-d.ini: d\n");
	assert_int_equal(mistakes.n, 0);
}

static void by_bytes_not_by_locale(void **state)
{
	(void)state;
	tree_file(ETC "b.ini", "3");
	tree_file(ETC "B.ini", "2");
	tree_file(ETC "a.ini", "x");
	tree_file(ETC "10.ini", "0");
	tree_file(ETC "9.ini", "1");
	assert_text(read_files(), "/etc/kvmshim/rules.d/10.ini: 0\n"
				  "/etc/kvmshim/rules.d/9.ini: 1\n"
				  "/etc/kvmshim/rules.d/B.ini: 2\n"
				  "/etc/kvmshim/rules.d/a.ini: x\n"
				  "/etc/kvmshim/rules.d/b.ini: 3\n");
}

static void the_admins_replaces_the_shipped(void **state)
{
	(void)state;
	tree_file(ETC "50-a.ini", "the admin's");
	tree_file(LIB "50-a.ini", "the shipped");
	assert_text(read_files(), "/etc/kvmshim/rules.d/50-a.ini: the admin's\n");
	assert_int_equal(mistakes.n, 0);
}

static void a_link_to_dev_null_masks(void **state)
{
	(void)state;
	tree_folder(ETC);
	tree_link(ETC "50-a.ini", "/dev/null");
	tree_file(LIB "50-a.ini", "the shipped");
	assert_text(read_files(), "");
	assert_int_equal(mistakes.n, 0);
}

static void an_empty_file_replaces_too(void **state)
{
	(void)state;
	tree_file(ETC "50-a.ini", "");
	tree_file(LIB "50-a.ini", "the shipped");
	assert_text(read_files(), "/etc/kvmshim/rules.d/50-a.ini: \n");
}

static const struct named {
	const char *name, *file;
	bool used;
} names[] = {
	{ "digits, letters, dots, lines: 50-a_b.c.ini", "50-a_b.c.ini", true },
	{ "a capital first", "A.ini", true },
	{ "the shortest name there is", "a.ini", true },
	{ "no name in front of .ini", ".ini", false },
	{ "a hidden file", ".a.ini", false },
	{ "an editor's backup", "a.ini~", false },
	{ "a package manager's leftover", "a.ini.rpmsave", false },
	{ "another kind of file", "README", false },
	{ "a capital ending", "a.INI", false },
	{ "a blank in the name", "a b.ini", false },
	{ "a leading underscore", "_a.ini", false },
	{ "a leading dash", "-a.ini", false },
	{ "letters that are not ASCII", "caf\xc3\xa9.ini", false },
};

static void knows_names(void **state)
{
	const struct named *row = *state;

	tree_file(arena_printf(&arena, ETC "%s", row->file), "x");
	if (row->used) {
		assert_says(read_files(), row->file);
		assert_int_equal(mistakes.n, 0);
		return;
	}
	assert_text(read_files(), "");
	assert_int_equal(mistakes.n, 1);
	assert_int_equal(mistakes.errors, 0);
	assert_says(what_is_wrong(), "warning: ignored, because the name is not a valid rule file name");
}

static void every_stranger_is_told(void **state)
{
	(void)state;
	tree_bytes(ETC "10-a.ini", "a", 1, 0600);
	tree_file(ETC "20-b.ini", "b");
	tree_bytes(LIB "30-c.ini", "c", 1, 0666);
	tree_folder(ETC "40-d.ini");
	tree_link(ETC "50-e.ini", "nowhere");
	assert_text(read_files(), "/etc/kvmshim/rules.d/20-b.ini: b\n");
	assert_int_equal(mistakes.errors, 4);
	assert_says(what_is_wrong(), "/etc/kvmshim/rules.d/10-a.ini: error: the user that VMs run as");
	assert_says(what_is_wrong(), "/usr/lib/kvmshim/rules.d/30-c.ini: error: the group or others can write to it");
	assert_says(what_is_wrong(), "/etc/kvmshim/rules.d/40-d.ini: error: must be a regular file");
	assert_says(what_is_wrong(), "/etc/kvmshim/rules.d/50-e.ini: error: the link leads to a file that");
}

static void folders_are_judged_too(void **state)
{
	(void)state;
	tree_file(ETC "10-a.ini", "a");
	tree_file(LIB "20-b.ini", "b");
	assert_int_equal(chmod(tree_path(ETC), 0777), 0);
	assert_text(read_files(), "/usr/lib/kvmshim/rules.d/20-b.ini: b\n");
	assert_text(what_is_wrong(), "/etc/kvmshim/rules.d: error: the group or others can write to it "
				     "(mode 0777); run chmod go-w\n");
	assert_int_equal(chmod(tree_path(ETC), 0711), 0);
	read_files();
	assert_text(what_is_wrong(), "/etc/kvmshim/rules.d: error: the user that VMs run as cannot list it "
				     "(mode 0711); run chmod 0755\n");
	assert_int_equal(chmod(tree_path(ETC), 0755), 0);
	assert_int_equal(chmod(tree_path("etc/kvmshim"), 0775), 0);
	assert_text(read_files(), "/usr/lib/kvmshim/rules.d/20-b.ini: b\n");
	assert_text(what_is_wrong(), "/etc/kvmshim: error: the group or others can write to it "
				     "(mode 0775); run chmod go-w\n");
}

static void a_masked_stranger_is_not_opened(void **state)
{
	(void)state;
	tree_file(ETC "10-a.ini", "a");
	tree_bytes(LIB "10-a.ini", "b", 1, 0666);
	assert_text(read_files(), "/etc/kvmshim/rules.d/10-a.ini: a\n");
	assert_int_equal(mistakes.n, 0);
}

static void the_folder_may_be_a_link(void **state)
{
	(void)state;
	tree_file("elsewhere/10-a.ini", "a");
	tree_folder("etc/kvmshim");
	tree_link("etc/kvmshim/rules.d", "../../elsewhere");
	assert_text(read_files(), "/etc/kvmshim/rules.d/10-a.ini: a\n");
}

int main(void)
{
	TREE_TEST("folders that are missing or empty hold no rules, and that is fine", no_folders);
	TREE_TEST("files are sorted by name over both folders", sorted_over_both_folders);
	TREE_TEST("in the order of their bytes", by_bytes_not_by_locale);
	TREE_TEST("the admin's file replaces the shipped one of its name",
		  the_admins_replaces_the_shipped);
	TREE_TEST("a link to /dev/null masks the shipped one", a_link_to_dev_null_masks);
	TREE_TEST("an empty file replaces it as well", an_empty_file_replaces_too);
	TREE_ROWS(names, knows_names);
	TREE_TEST("each file that cannot be believed is told", every_stranger_is_told);
	TREE_TEST("both folders on the way are judged", folders_are_judged_too);
	TREE_TEST("a file that is replaced is not judged", a_masked_stranger_is_not_opened);
	TREE_TEST("the folder may be a link", the_folder_may_be_a_link);
	return unit_run("confdir");
}
