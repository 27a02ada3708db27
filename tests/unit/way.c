/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs are run, and which are not: rows that need a stranger run where we are root. */
#include "way.h"

#include "err.h"
#include "tree.h"

#define STRANGER 12345

static const struct row {
	const char *name;
	mode_t file, folder, above; /* modes; 0: 0755 */
	const char *owned;	    /* the part of the tree that is a stranger's; NULL */
	const char *link;	    /* a link beside the program, which is asked for; NULL */
	const char *says;	    /* NULL: it is run */
} rows[] = {
	{ "a program of one's own" },
	{ "one that only its owner can run", .file = 0700 },
	{ "below a directory like /tmp", .above = 01777 },
	{ "in a directory like /tmp", .folder = 01777, .says = "others can write to the directory of " },
	{ "all can write to it", .file = 0757, .says = "(mode 0757)" },
	{ "its group can write to it", .file = 0775, .says = "(mode 0775)" },
	{ "its directory can be written to", .folder = 0777, .says = "run chmod go-w " },
	{ "the directory above can be", .above = 0775, .says = "above (mode 0775); run chmod go-w " },
	{ "a stranger's program", .owned = "above/folder/program", .says = "program belongs to user 12345" },
	{ "in a stranger's directory", .owned = "above/folder", .says = "folder belongs to user 12345" },
	{ "below a stranger's directory", .owned = "above", .says = "above belongs to user 12345" },
	{ "a link of one's own", .link = "program" },
	{ "a link by way of its directory", .link = "../folder/./program" },
	{ "a stranger's link", .link = "program", .owned = "above/folder/link", .says = "link belongs to user 12345 and is not followed" },
	{ "a link in a circle", .link = "link", .says = "Too many levels" },
	{ "a link that leads nowhere", .link = "nothing", .says = "No such file" },
	{ "a link to a directory", .link = "..", .says = "is not a regular file" },
};

static void judges(void **state)
{
	const struct row *row = *state;
	struct err err = { 0 };
	int rc;

	tree_bytes("above/folder/program", "x", 1, 0755);
	if (row->link)
		assert_int_equal(symlink(row->link, tree_path("above/folder/link")), 0);
	assert_int_equal(chmod(tree_path("above/folder/program"), row->file ? row->file : 0755), 0);
	assert_int_equal(chmod(tree_path("above/folder"), row->folder ? row->folder : 0755), 0);
	assert_int_equal(chmod(tree_path("above"), row->above ? row->above : 0755), 0);
	if (row->owned)
		assert_int_equal(lchown(tree_path(row->owned), STRANGER, STRANGER), 0);
	rc = way_program(&arena, tree_path(row->link ? "above/folder/link" : "above/folder/program"), &err);
	if (row->says) {
		assert_true(rc < 0);
		assert_says(err.text, row->says);
	} else {
		assert_string_equal(err.text, "");
		assert_int_equal(rc, 0);
	}
}

static bool is_for_all(const struct row *row)
{
	return !row->owned && !row->folder && !row->above;
}

int main(void)
{
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		if (geteuid() == 0 || is_for_all(&rows[i]))
			tree_add(rows[i].name, judges, &rows[i]);
	return unit_run("way");
}
