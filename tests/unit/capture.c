/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/capture.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"
#include "err.h"
#include "tree.h"

static int captured_within(int seconds, const char *script, const char **text, struct err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, tree_dir, NULL };
	const char *said;

	return capture_within(&arena, argv, -1, seconds, text, &said, err);
}

/* Of one that ends: no test waits for so long. */
static int captured(const char *script, const char **text, struct err *err)
{
	return captured_within(600, script, text, err);
}

/* Seconds that are waited for in full: a shell has come to work by then, on a busy machine too. */
static int patience(void)
{
	double began = clock_ms();

	assert_int_equal(system("exit 0"), 0);
	return 1 + (int)((clock_ms() - began) / 20);
}

static void what_is_said(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(captured("echo one; echo noise >&2; echo two", &text, NULL), 0);
	assert_string_equal(text, "one\ntwo\n");
}

static void not_without_end(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(captured("head -c 20000000 /dev/zero | tr '\\0' x; echo >&2", &text, NULL),
			 0);
	assert_true(strlen(text) >= CAPTURE_MAX && strlen(text) <= CAPTURE_MAX + 65536);
}

static void failed(void **state)
{
	struct err err;
	const char *text;

	(void)state;
	assert_int_equal(captured("echo why >&2; echo more >&2; exit 3", &text, &err), -EIO);
	assert_string_equal(err.text, "/bin/sh failed: why");
	assert_int_equal(captured("kill -9 $$", &text, &err), -EIO);
	assert_string_equal(err.text, "/bin/sh failed: it said nothing");
}

static void not_run(void **state)
{
	const char *const argv[] = { tree_path("none"), NULL };
	const char *text;
	struct err err;

	(void)state;
	assert_int_equal(capture(&arena, argv, &text, &err), -ENOENT);
	assert_string_equal(tree_hide(err.text), "/none cannot be run: No such file or directory");
}

/* ---- what does not end ---- */

static const struct late {
	const char *name, *script, *text;
} lates[] = {
	{ "one that hangs", "echo x; sleep 600", "x\n" },
	{ "one that hangs, and has closed its output", "echo x; exec >&- 2>&-; sleep 600", "x\n" },
	{ "one that is gone, and whose child has its output", "echo x; sleep 600 &", "x\n" },
	{ "one that never ends to talk", "while :; do echo y; done", NULL },
	{ "one that does not want to end", "trap '' HUP INT TERM; while :; do sleep 600; done",
	  "" },
};

static void is_late(void **state)
{
	const struct late *row = *state;
	int seconds = patience();
	const char *text;
	struct err err;

	assert_int_equal(captured_within(seconds, row->script, &text, &err), -ETIMEDOUT);
	assert_string_equal(err.text,
			    arena_printf(&arena, "/bin/sh does not answer (%d s)", seconds));
	if (row->text)
		assert_string_equal(text, row->text);
}

/* The child of what was run becomes ours, and we see how it ended. */
static void nobody_is_left(void **state)
{
	int status = 0;
	const char *text;

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(captured_within(patience(), "sleep 600 & echo $!; wait", &text, NULL),
			 -ETIMEDOUT);
	assert_true(waitpid((pid_t)strtol(text, NULL, 10), &status, 0) > 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* ---- signals ---- */

static void signals_are_as_they_were(void **state)
{
	const char *text;
	sigset_t now;

	(void)state;
	assert_int_equal(captured("kill -INT $$; echo still here", &text, NULL), -EIO);
	assert_string_equal(text, "");
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGINT));
}

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted++;
}

static const struct ended {
	const char *name, *script;
} ends[] = {
	{ "what ends us ends a program first", "kill -INT $PPID; sleep 600" },
	{ "also one that says no more", "exec >&- 2>&-; sleep 0.3; kill -INT $PPID; sleep 600" },
};

/* We have a handler, and so live on. */
static void it_ends_with_us(void **state)
{
	const struct ended *row = *state;
	const char *text;

	interrupted = 0;
	signal(SIGINT, interrupt);
	assert_int_equal(captured(row->script, &text, NULL), -ETIMEDOUT);
	signal(SIGINT, SIG_DFL);
	assert_int_equal(interrupted, 1);
}

/*
 * A script's background job has these ignored; a program that we start has not. But for two of
 * the real-time ones: posix_spawn(3) ignores those that are the C library's own.
 */
static void a_program_ignores_nothing(void **state)
{
	static const char script[] = "sed -nE 's/^Sig(Blk|Ign):.*(.{8})$/\\2/p' /proc/$$/status | tr 8 0";
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM };
	sigset_t blocked, before;
	const char *text;

	(void)state;
	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
		signal(numbers[i], SIG_IGN);
	assert_int_equal(captured(script, &text, NULL), 0);
	for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
		signal(numbers[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(text, "00000000\n00000000\n");
}

static void ignored_ones_stay_so(void **state)
{
	const char *text;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(captured("kill -HUP $PPID; echo $?", &text, NULL), 0);
	signal(SIGHUP, SIG_DFL);
	assert_string_equal(text, "0\n");
}

int main(void)
{
	TREE_TEST("what a program says on stdout is taken", what_is_said);
	TREE_TEST("but no more of it than anybody reads", not_without_end);
	TREE_TEST("one that fails is quoted with its first line", failed);
	TREE_TEST("one that is not there", not_run);
	TREE_ROWS(lates, is_late);
	TREE_TEST("what it started is killed with it", nobody_is_left);
	TREE_TEST("a program has its signals, and we have ours again", signals_are_as_they_were);
	TREE_ROWS(ends, it_ends_with_us);
	TREE_TEST("a program has no signal ignored or blocked", a_program_ignores_nothing);
	TREE_TEST("a signal that is ignored ends nothing", ignored_ones_stay_so);
	return unit_run("capture");
}
