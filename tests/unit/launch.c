/* SPDX-License-Identifier: GPL-2.0-or-later */
/* launch() returns only where it failed; how it succeeds: tests/wrapper/launch.t. */
#include "wrapper/launch.h"

#include "err.h"
#include "tree.h"

static const char *const argv[] = { "qemu", "-S", NULL };

static void fails(const char *real, const char *self, int status, const char *says)
{
	struct err err = { 0 };

	assert_int_equal(launch(real, self, argv, &err), status);
	assert_says(err.text, says);
}

static void not_there(void **state)
{
	(void)state;
	fails(tree_path("none"), "/self", LAUNCH_MISSING, "No such file or directory; set 'real ='");
	tree_file("file", "");
	fails(tree_path("file/none"), "/self", LAUNCH_MISSING, "Not a directory");
	fails(NULL, NULL, LAUNCH_MISSING, "is unknown");
	tree_link("dangling", "nowhere");
	fails(tree_path("dangling"), "/self", LAUNCH_MISSING, "No such file");
}

static void not_a_program(void **state)
{
	(void)state;
	tree_bytes("file", "text", 4, 0644);
	fails(tree_path("file"), "/self", LAUNCH_CANNOT, "cannot be run: Permission denied");
	fails(tree_dir, "/self", LAUNCH_CANNOT, "cannot be run: Permission denied");
	tree_bytes("junk", "text", 4, 0755);
	fails(tree_path("junk"), "/self", LAUNCH_CANNOT, "cannot be run: Exec format error");
	tree_link("loop", "loop");
	fails(tree_path("loop"), "/self", LAUNCH_CANNOT, "symbolic links");
}

/* A script whose interpreter is missing is there, and cannot be run. */
static void no_interpreter(void **state)
{
	const char *line = arena_printf(&arena, "#!%s\n", tree_path("none"));

	(void)state;
	tree_bytes("script", line, strlen(line), 0755);
	fails(tree_path("script"), "/self", LAUNCH_CANNOT, "cannot be run: No such file");
}

static void itself(void **state)
{
	(void)state;
	tree_bytes("self", "text", 4, 0755);
	tree_link("link", "self");
	assert_int_equal(link(tree_path("self"), tree_path("hard")), 0);
	fails(tree_path("self"), tree_path("self"), LAUNCH_CANNOT, "is this wrapper itself");
	fails(tree_path("link"), tree_path("self"), LAUNCH_CANNOT, "is this wrapper itself");
	fails(tree_path("hard"), tree_path("self"), LAUNCH_CANNOT, "is this wrapper itself");
	fails(tree_path("self"), tree_path("link"), LAUNCH_CANNOT, "is this wrapper itself");
}

int main(void)
{
	TREE_TEST("an emulator that is not there is 127", not_there);
	TREE_TEST("what cannot be run is 126", not_a_program);
	TREE_TEST("also for want of its interpreter", no_interpreter);
	TREE_TEST("the wrapper does not start itself, whatever links lead to it", itself);
	return unit_run("launch");
}
