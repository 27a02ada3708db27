/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "err.h"
#include "file.h"
#include "str.h"
#include "tree.h"

#define SOON 100   /* ms: what hangs is given up then */
#define LONG 10000 /* ms: what is not to hang may take */

static const char *slurp(const char *path)
{
	struct file *file = arena_new(&arena, struct file);
	struct err err = { 0 };

	assert_int_equal(file_read_any(&arena, tree_path(path), file, &err), 0);
	return file->text;
}

static void make_fifo(const char *path)
{
	tree_folder("sys");
	assert_int_equal(mkfifo(tree_path(path), 0600), 0);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static bool ends_soon(struct process p)
{
	for (int i = 0; i < 500 && process_real_lives(&arena, p); i++)
		sleep_ms(10);
	return !process_real_lives(&arena, p);
}

/* Ends a child that hangs on a fifo: opens and shuts the other end. */
static void let_go(const char *fifo, struct process p)
{
	int fd = open(tree_path(fifo), O_RDWR | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(ends_soon(p));
	close(fd);
	waitpid(p.pid, NULL, 0);
}

/* --- writing */

static void writes(void **state)
{
	struct root root = tree_root();
	struct process stuck = { 0 };

	(void)state;
	tree_file("sys/attr", "");
	assert_int_equal(act_write(&arena, &root, "/sys/attr", "vfio-pci", LONG, &stuck), 0);
	assert_text(slurp("sys/attr"), "vfio-pci");
	assert_int_equal(stuck.pid, 0);
	assert_int_equal(act_write(&arena, &root, "/sys/attr", "\n", LONG, NULL), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static void says_why_not(void **state)
{
	struct root root = tree_root(), real = { .prefix = "" };
	struct process stuck = { 0 };

	(void)state;
	tree_folder("sys/folder");
	assert_int_equal(act_write(&arena, &root, "/sys/none", "1", LONG, &stuck), -ENOENT);
	assert_int_equal(act_write(&arena, &root, "/sys/folder", "1", LONG, &stuck), -EISDIR);
	assert_int_equal(act_write(&arena, &real, "/dev/full", "1", LONG, &stuck), -ENOSPC);
	assert_int_equal(stuck.pid, 0);
	assert_int_equal(access(tree_path("sys/none"), F_OK), -1); /* nothing is made */
}

static void hangs_and_comes_free(void **state)
{
	struct root root = tree_root();
	struct process stuck = { 0 };

	(void)state;
	make_fifo("sys/fifo");
	assert_int_equal(act_write(&arena, &root, "/sys/fifo", "1", SOON, &stuck), -ETIMEDOUT);
	assert_true(stuck.pid > 0);
	assert_true(process_real_lives(&arena, stuck));
	assert_int_equal(getsid(stuck.pid), stuck.pid); /* no signal of a terminal reaches it */
	let_go("sys/fifo", stuck);
}

/* Whoever waits for the end of our output must not wait for what hangs. */
static void holds_nothing_of_ours(void **state)
{
	struct root root = tree_root();
	struct process stuck = { 0 };
	struct pollfd p = { .events = POLLIN };
	int ends[2], kept;
	char byte;

	(void)state;
	make_fifo("sys/fifo");
	assert_int_equal(pipe(ends), 0); /* not O_CLOEXEC: as libvirt's may be */
	kept = dup(STDERR_FILENO);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(act_write(&arena, &root, "/sys/fifo", "1", SOON, &stuck), -ETIMEDOUT);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	p.fd = ends[0];
	assert_int_equal(poll(&p, 1, 2000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	assert_true(process_real_lives(&arena, stuck));
	close(ends[0]);
	let_go("sys/fifo", stuck);
}

/* cron(8) and shells may have us begin with SIGCHLD ignored. */
static void survives_ignored_children(void **state)
{
	struct root root = tree_root();

	(void)state;
	tree_file("sys/attr", "");
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(act_write(&arena, &root, "/sys/attr", "1", LONG, NULL), 0);
	assert_int_equal(act_write(&arena, &root, "/sys/none", "1", LONG, NULL), -ENOENT);
	signal(SIGCHLD, SIG_DFL);
}

/* --- reading */

static void reads(void **state)
{
	struct root root = tree_root();
	struct process stuck = { 0 };
	char *text = NULL;

	(void)state;
	tree_file("sys/attr", "vfio-pci\nmore\n");
	tree_file("sys/empty", "");
	assert_int_equal(act_read(&arena, &root, "/sys/attr", LONG, &text, &stuck), 0);
	assert_text(text, "vfio-pci");
	assert_int_equal(act_read(&arena, &root, "/sys/empty", LONG, &text, &stuck), 0);
	assert_text(text, "");
	assert_int_equal(act_read(&arena, &root, "/sys/none", LONG, &text, &stuck), -ENOENT);
	assert_text(text, "");
	assert_int_equal(stuck.pid, 0);
}

static void reading_hangs(void **state)
{
	struct root root = tree_root();
	struct process stuck = { 0 };
	char *text = NULL;

	(void)state;
	make_fifo("sys/fifo");
	assert_int_equal(act_read(&arena, &root, "/sys/fifo", SOON, &text, &stuck), -ETIMEDOUT);
	assert_true(process_real_lives(&arena, stuck));
	assert_text(text, "");
	kill(stuck.pid, SIGKILL);
	waitpid(stuck.pid, NULL, 0);
}

/* --- several at once */

#define THREADS 8

struct writer {
	pthread_t thread;
	struct arena arena;
	struct root root;
	const char *path;
	int rc;
	struct process stuck;
};

static void *write_often(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < 10 && w->rc == 0; i++) {
		char *text;

		w->rc = act_write(&w->arena, &w->root, w->path, "text", LONG, &w->stuck);
		if (w->rc == 0)
			w->rc = act_read(&w->arena, &w->root, w->path, LONG, &text, &w->stuck);
		if (w->rc == 0 && !str_eq(text, "text"))
			w->rc = -EIO;
	}
	return NULL;
}

static void several_at_once(void **state)
{
	struct writer writers[THREADS] = { 0 };

	(void)state;
	for (size_t i = 0; i < THREADS; i++) {
		writers[i].root = tree_root();
		writers[i].path = arena_printf(&arena, "/sys/attr%zu", i);
		tree_file(writers[i].path + 1, "");
		assert_int_equal(
			pthread_create(&writers[i].thread, NULL, write_often, &writers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(writers[i].thread, NULL);
		arena_free(&writers[i].arena);
		assert_int_equal(writers[i].rc, 0);
	}
}

/* One that hangs does not keep the others. */
static void one_hangs(void **state)
{
	struct root root = tree_root();
	struct process stuck = { 0 };
	struct writer w = { .root = root, .path = "/sys/attr" };

	(void)state;
	make_fifo("sys/fifo");
	tree_file("sys/attr", "");
	assert_int_equal(act_write(&arena, &root, "/sys/fifo", "1", SOON, &stuck), -ETIMEDOUT);
	write_often(&w);
	arena_free(&w.arena);
	assert_int_equal(w.rc, 0);
	let_go("sys/fifo", stuck);
}

/* --- programs */

static void program(const char *path, const char *script)
{
	tree_bytes(path, script, strlen(script), 0755);
}

static int run(const char *name, const char *word, int deadline, struct err *err)
{
	struct root root = tree_root();
	const char *argv[] = { name, word, NULL };

	*err = (struct err){ 0 };
	return act_run(&arena, &root, argv, deadline, err);
}

static const struct program_row {
	const char *name, *script;
	int rc;
	const char *says;
} program_rows[] = {
	{ "a program that is content", "#!/bin/sh\necho noise >&2\nexit 0\n", 0, NULL },
	{ "one that says why not", "#!/bin/sh\necho first >&2\necho the reason >&2\nexit 3\n", 3,
	  "the reason, status 3" },
	{ "an empty line is no reason", "#!/bin/sh\nprintf 'the reason\\n\\n' >&2\nexit 1\n", 1,
	  "the reason, status 1" },
	{ "a reason without a newline", "#!/bin/sh\nprintf 'the reason' >&2\nexit 1\n", 1,
	  "the reason, status 1" },
	{ "one that says nothing", "#!/bin/sh\nexit 255\n", 255, "status 255" },
	{ "what it prints is no reason", "#!/bin/sh\necho printed\nexit 1\n", 1, "status 1" },
	{ "it reads nothing", "#!/bin/sh\ncat >&2\nexit 1\n", 1, "status 1" },
	{ "its words are its own", "#!/bin/sh\necho \"[$1]\" >&2\nexit 1\n", 1,
	  "[a word; $x], status 1" },
	{ "its environment is fixed", "#!/bin/sh\necho \"$LC_ALL $PATH $HOME\" >&2\nexit 1\n", 1,
	  "C /usr/sbin:/usr/bin:/sbin:/bin , status 1" },
	{ "one that cannot be run", "#!/none/sh\n", 127, "status 127" },
};

static void a_program_is_run(void **state)
{
	const struct program_row *row = *state;
	struct err err;

	program("usr/sbin/prog", row->script);
	assert_int_equal(run("prog", "a word; $x", LONG, &err), row->rc);
	assert_text(err.text, row->says ? row->says : "");
}

static void a_very_long_reason(void **state)
{
	struct err err;

	(void)state;
	program("usr/sbin/prog",
		"#!/bin/sh\ni=0\nwhile [ $i -lt 3000 ]; do\nprintf 'abcdefghijklmnopqrstuvwxyz' >&2\n"
		"i=$((i+1))\ndone\nexit 9\n");
	assert_int_equal(run("prog", NULL, LONG, &err), 9);
	assert_says(err.text, "abcdefghijklmnopqrstuvwxyzabc");
	assert_says(err.text, ", status 9");
}

static void the_first_folder_counts(void **state)
{
	struct err err;

	(void)state;
	program("bin/prog", "#!/bin/sh\nexit 4\n");
	assert_int_equal(run("prog", NULL, LONG, &err), 4);
	program("usr/bin/prog", "#!/bin/sh\nexit 3\n");
	assert_int_equal(run("prog", NULL, LONG, &err), 3);
	program("usr/sbin/prog", "#!/bin/sh\nexit 2\n");
	assert_int_equal(run("prog", NULL, LONG, &err), 2);
}

/* sh is on every host, but not below the test's folder. */
static void no_program_of_another_root(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("sh", NULL, LONG, &err), -ENOENT);
	assert_text(err.text, "this host has no program sh");
}

static void a_late_program_is_killed(void **state)
{
	struct err err;

	(void)state;
	program("usr/sbin/prog", "#!/bin/sh\necho busy >&2\nsleep 60\n");
	assert_int_equal(run("prog", NULL, 300, &err), -ETIMEDOUT);
	assert_says(err.text, "not done after");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* A daemon that it starts keeps its stderr open, and is not waited for. */
static void what_it_leaves_behind(void **state)
{
	struct timespec start, end;
	struct err err;

	(void)state;
	program("usr/sbin/prog", "#!/bin/sh\nsleep 3 &\necho started >&2\nexit 1\n");
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(run("prog", NULL, LONG, &err), 1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec < 3);
	assert_text(err.text, "started, status 1");
}

static void a_crash_is_no_status(void **state)
{
	struct err err;

	(void)state;
	program("usr/sbin/prog", "#!/bin/sh\nkill -9 $$\n");
	assert_int_equal(run("prog", NULL, LONG, &err), -EIO);
	assert_text(err.text, "ended by signal 9");
}

int main(void)
{
	TREE_TEST("an attribute is written", writes);
	TREE_TEST("it is said why it cannot be written", says_why_not);
	TREE_TEST("what hangs is left behind, and told until it ends", hangs_and_comes_free);
	TREE_TEST("what hangs holds no descriptor of ours", holds_nothing_of_ours);
	TREE_TEST("a parent that ignored SIGCHLD changes nothing", survives_ignored_children);
	TREE_TEST("an attribute is read", reads);
	TREE_TEST("reading that hangs is left behind", reading_hangs);
	TREE_TEST("threads write side by side", several_at_once);
	TREE_TEST("one that hangs does not keep the others", one_hangs);
	TREE_ROWS(program_rows, a_program_is_run);
	TREE_TEST("a very long reason is cut", a_very_long_reason);
	TREE_TEST("programs of /usr/sbin come first", the_first_folder_counts);
	TREE_TEST("no program of another root is run", no_program_of_another_root);
	TREE_TEST("a program that is late is killed", a_late_program_is_killed);
	TREE_TEST("what a program leaves behind is not waited for", what_it_leaves_behind);
	TREE_TEST("a program that crashed has no status", a_crash_is_no_status);
	return unit_run("act");
}
