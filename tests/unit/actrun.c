/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/actrun.h"

#include <poll.h>
#include <sys/wait.h>

#include "clock.h"
#include "err.h"
#include "host/process/process.h"
#include "tree.h"

#define SOON 600000 /* ms: never waited for in full */

static int run(const char *script, int deadline, struct err *err)
{
	static const char *const argv[] = { "tool", "one", "two words", NULL };
	struct host host = tree_host();

	if (script)
		tree_bytes("usr/sbin/tool", script, strlen(script), 0755);
	err_set(err, EINVAL, "(nothing)");
	return act_run(&host, argv, deadline, err);
}

static const struct row {
	const char *name, *script;
	int want;
	const char *err;
} rows[] = {
	{ "a program that is content", "#!/bin/sh\nexit 0\n", 0, "(nothing)" },
	{ "what it grumbles is no failure", "#!/bin/sh\necho hm >&2\n", 0, "(nothing)" },
	{ "an exit status", "#!/bin/sh\nexit 3\n", 3, "tool failed with exit status 3" },
	{ "the last line that it says", "#!/bin/sh\necho one >&2; echo two >&2; exit 1\n", 1, "two" },
	{ "without the end of its line", "#!/bin/sh\nprintf 'one\\ntwo' >&2; exit 1\n", 1, "two" },
	{ "empty lines are none", "#!/bin/sh\nprintf 'one\\n \\n\\n' >&2; exit 1\n", 1, "one" },
	{ "much before it", "#!/bin/sh\nseq 100000 >&2; exit 1\n", 1, "100000" },
	{ "control characters", "#!/bin/sh\nprintf 'a\\033b\\n' >&2; exit 1\n", 1, "a\\x1bb" },
	{ "stdout is not ours", "#!/bin/sh\necho no; exit 1\n", 1, "tool failed with exit status 1" },
	{ "arguments", "#!/bin/sh\necho $#: $1, $2 >&2; exit 1\n", 1, "2: one, two words" },
	{ "a signal", "#!/bin/sh\nkill -TERM $$\n", -EIO, "tool was ended by signal 15" },
	{ "a program that cannot run", "#!/none/sh\n", -ENOENT, "tool: No such file or directory" },
	{ "no program", NULL, -ENOENT, "tool is not in /usr/sbin, /usr/bin, /sbin or /bin" },
	{ "what it leaves behind is not waited for", "#!/bin/sh\nsleep 60 &\necho x >&2; exit 2\n", 2, "x" },
};

/* SOON is ten times what one of them leaves behind. */
static void runs_a_program(void **state)
{
	const struct row *row = *state;
	double began = clock_ms();
	struct err err;

	assert_int_equal(run(row->script, SOON, &err), row->want);
	assert_text(err.text, row->err);
	assert_true(clock_ms() - began < 60000);
}

static void a_program_starts_from_nothing(void **state)
{
	struct err err;

	(void)state;
	setenv("LD_LIBRARY_PATH", "/none", 1);
	assert_int_equal(dup2(2, 77), 77);
	assert_int_equal(run("#!/bin/sh\n"
			     "tr '\\0' '\\n' </proc/$$/environ >$0.env\n"
			     "test -e /proc/$$/fd/77 && exit 77\n"
			     "test /proc/$$/fd/0 -ef /dev/null || exit 1\n"
			     "test /proc/$$/fd/1 -ef /dev/null || exit 2\n",
			     SOON, &err),
			 0);
	close(77);
	unsetenv("LD_LIBRARY_PATH");
	assert_text(tree_content("usr/sbin/tool.env"), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
}

static bool is_gone(struct process p)
{
	for (int i = 0; i < 60000 && process_real_lives(&arena, p); i++)
		poll(NULL, 0, 10);
	return !process_real_lives(&arena, p);
}

static void a_program_past_its_deadline(void **state)
{
	struct err err;
	struct process left;
	double began = clock_ms();
	int deadline;

	(void)state;
	assert_int_equal(run("#!/bin/sh\nexit 0\n", SOON, &err), 0);
	deadline = 300 + 50 * (int)(clock_ms() - began); /* it has come to work by then */
	assert_int_equal(run("#!/bin/sh\nsleep 600 &\necho $! >$0.pid\nwhile :; do :; done\n",
			     deadline, &err),
			 -ETIMEDOUT);
	assert_text(err.text,
		    arena_printf(&arena, "tool did not finish in %d ms and was killed", deadline));
	left = process_real(&arena, atoi(tree_content("usr/sbin/tool.pid")));
	assert_true(is_gone(left));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_program_that_never_stops_talking(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("#!/bin/sh\nexec yes >&2\n", 100, &err), -ETIMEDOUT);
}

static void the_first_folder_with_it(void **state)
{
	static const char script[] = "#!/bin/sh\necho bin >&2; exit 1\n";
	struct err err;

	(void)state;
	tree_bytes("bin/tool", script, strlen(script), 0755);
	tree_file("usr/sbin/tool", "not executable\n");
	assert_int_equal(run(NULL, SOON, &err), 1);
	assert_text(err.text, "bin");
}

int main(void)
{
	TREE_ROWS(rows, runs_a_program);
	TREE_TEST("a program gets two variables and three descriptors", a_program_starts_from_nothing);
	TREE_TEST("a program past its deadline goes, and what it started",
		  a_program_past_its_deadline);
	TREE_TEST("one that never stops talking as well", a_program_that_never_stops_talking);
	TREE_TEST("the first folder that has it, executable", the_first_folder_with_it);
	return unit_run("actrun");
}
