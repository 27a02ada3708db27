/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /run/kvmshim as several processes see it at once: each does one thing and
 * says by its exit status how that went.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "statetree.h"

/* What a process of its own comes to: the positive -errno, 0 for a descriptor. */
static int elsewhere(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_open(void)
{
	struct err err;
	int fd = open_vm(&err);

	return fd < 0 ? -fd + (*err.text ? 100 : 0) : 0;
}

static int in_progress(void)
{
	struct host host = tree_host();

	return state_in_progress(&host, UUID);
}

static void one_at_a_time(void **state)
{
	int fd = opened();

	(void)state;
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(elsewhere(try_open), EBUSY); /* and no sentence */
	assert_int_equal(elsewhere(in_progress), 1);
	close(fd);
	assert_int_equal(elsewhere(in_progress), 0);
	assert_int_equal(elsewhere(try_open), 0);
}

static void asking_makes_nothing(void **state)
{
	(void)state;
	assert_int_equal(in_progress(), 0);
	tree_folder("run");
	assert_int_equal(in_progress(), 0);
	assert_false(is_there(TOP));
}

/* Somebody asks all the time, as `watch kvmshim status` does: opening works every time. */
static void askers_keep_nobody_out(void **state)
{
	pid_t asker;
	int failed = 0;

	(void)state;
	close(opened());
	asker = fork();
	if (asker == 0)
		for (;;)
			in_progress();
	for (int i = 0; i < 200; i++) {
		struct err err;
		int fd = open_vm(&err);

		failed += fd < 0;
		if (fd >= 0)
			close(fd);
	}
	kill(asker, SIGKILL);
	waitpid(asker, NULL, 0);
	assert_int_equal(failed, 0);
}

static int lock_and_say_when(void)
{
	struct host host = tree_host();
	struct err err;
	int fd = state_lock(&host, &err);

	return fd < 0 ? 1 : !is_there("ready");
}

/* The second waits for the first, who lets go only after it wrote `ready`. */
static void the_lock_waits(void **state)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	struct host host = tree_host();
	struct err err = { 0 };
	int fd, status;
	pid_t pid;

	(void)state;
	tree_folder("run");
	fd = state_lock(&host, &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		close(fd); /* the lock is of the open file, which the child shares */
		_exit(lock_and_say_when());
	}
	nanosleep(&pause, NULL);
	tree_file("ready", "");
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_linked_lock(void **state)
{
	struct host host = tree_host();
	struct err err = { 0 };

	(void)state;
	tree_folder(TOP);
	tree_link(TOP "/lock", tree_path("elsewhere"));
	assert_int_equal(state_lock(&host, &err), -ELOOP);
	assert_says(tree_hide(err.text), "/" TOP "/lock: ");
	assert_false(is_there("elsewhere"));
}

/*
 * Two processes open, write, remove and close the same folder over and over. Who
 * has it must find what he wrote: the lock of a removed folder is no lock.
 */
static int contend(void)
{
	struct host host = tree_host();
	struct err err = { 0 };
	char mine[32], there[32];

	snprintf(mine, sizeof(mine), "%d", (int)getpid());
	for (int done = 0; done < 300;) {
		int fd = open_vm(&err);
		struct file file;

		if (fd == -EBUSY)
			continue;
		if (fd < 0 || is_there(FOLDER "/journal.json"))
			return 1;
		if (state_publish(&arena, fd, "journal.json", 0600, mine, &err))
			return 2;
		if (file_read_any(&arena, tree_path(FOLDER "/journal.json"), &file, &err) ||
		    snprintf(there, sizeof(there), "%s", file.text) < 0 || strcmp(mine, there) != 0)
			return 3;
		if (state_remove(&host, UUID, fd, &err))
			return 4;
		close(fd);
		done++;
	}
	return 0;
}

static void a_removed_folder_is_no_lock(void **state)
{
	pid_t pids[3];
	int status;

	(void)state;
	tree_folder("run");
	for (size_t i = 0; i < UNIT_COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(contend());
	}
	for (size_t i = 0; i < UNIT_COUNT(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_true(is_there(VMS));
	assert_false(is_there(FOLDER));
}

int main(void)
{
	TREE_TEST("a VM's folder is one process's at a time", one_at_a_time);
	TREE_TEST("asking whether something is in progress makes nothing", asking_makes_nothing);
	TREE_TEST("who only asks keeps nobody out", askers_keep_nobody_out);
	TREE_TEST("the lock is waited for", the_lock_waits);
	TREE_TEST("a lock that is a link is refused", a_linked_lock);
	TREE_TEST("the lock of a removed folder is no lock", a_removed_folder_is_no_lock);
	return unit_run("statelock");
}
