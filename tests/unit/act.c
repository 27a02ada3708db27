/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/act.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "clock.h"
#include "err.h"
#include "str.h"
#include "tree.h"

#define SOON 600000 /* ms: never waited for in full */

/* ms: waited for in full, and long enough for a child to begin, on a busy machine too. */
static int briefly(void)
{
	double began = clock_ms();
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	return 300 + 50 * (int)(clock_ms() - began);
}

static int write_to(const char *path, const char *text, int deadline, struct process *stuck)
{
	struct host host = tree_host();

	return act_write(&host, path, text, deadline, stuck);
}

static void writes_an_attribute(void **state)
{
	struct process stuck = { .pid = 1 };

	(void)state;
	tree_file("sys/driver_override", "previous\n");
	assert_int_equal(write_to("/sys/driver_override", "vfio-pci", SOON, &stuck), 0);
	/* nothing is truncated: an attribute is no file */
	assert_text(tree_content("sys/driver_override"), "vfio-pci\n");
	assert_int_equal(stuck.pid, 0);
}

static void tells_why_it_cannot_write(void **state)
{
	struct host real = { &arena, { .prefix = "" } };
	struct process stuck;

	(void)state;
	tree_folder("sys/folder");
	assert_int_equal(write_to("/sys/none", "1", SOON, &stuck), -ENOENT);
	assert_text(tree_content("sys/none"), "(none)");
	assert_int_equal(write_to("/sys/folder", "1", SOON, &stuck), -EISDIR);
	assert_int_equal(act_write(&real, "/dev/full", "1", SOON, &stuck), -ENOSPC);
	assert_int_equal(stuck.pid, 0);
}

static void a_caller_that_ignores_its_children(void **state)
{
	struct host host = tree_host();
	struct process stuck;
	int fd;

	(void)state;
	tree_file("sys/a", "");
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(write_to("/sys/a", "1", SOON, &stuck), 0);
	assert_int_equal(write_to("/sys/none", "1", SOON, &stuck), -ENOENT);
	fd = act_open(&host, "/sys/a", O_RDONLY, SOON, &stuck);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(act_open(&host, "/sys/none", O_RDONLY, SOON, &stuck), -ENOENT);
	signal(SIGCHLD, SIG_DFL);
}

/* Opening a fifo to write waits for a reader, as a sysfs write waits for a driver. */
static void fifo(const char *path)
{
	tree_folder("sys");
	assert_int_equal(mkfifo(tree_path(path), 0600), 0);
}

static bool is_gone(struct process p)
{
	for (int i = 0; i < 60000 && process_real_lives(&arena, p); i++)
		poll(NULL, 0, 10);
	return !process_real_lives(&arena, p);
}

/* Lets the child that is stuck on a fifo go. */
static void release(const char *path, struct process stuck)
{
	int reader = open(tree_path(path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	assert_true(is_gone(stuck));
	waitpid(stuck.pid, NULL, 0);
	close(reader);
}

/* One read gives all that an attribute says; a second one could be of what it says by then. */
static void reads_an_attribute_at_once(void **state)
{
	struct host host = tree_host();
	struct process stuck;
	char *text = NULL;
	int fd;

	(void)state;
	fifo("sys/override");
	fd = open(tree_path("sys/override"), O_RDWR | O_CLOEXEC);
	assert_int_equal(write(fd, "nvme\n", 5), 5);
	assert_int_equal(act_read(&host, "/sys/override", SOON, &text, &stuck), 0);
	assert_text(text, "nvme");
	close(fd);
}

static void leaves_a_stuck_child_alone(void **state)
{
	struct process stuck;

	(void)state;
	fifo("sys/unbind");
	assert_int_equal(write_to("/sys/unbind", "1", briefly(), &stuck), -ETIMEDOUT);
	assert_true(stuck.pid > 0);
	assert_true(stuck.start > 0);
	assert_true(process_real_lives(&arena, stuck));
	release("sys/unbind", stuck);
}

/* Its only one; proc(5), /proc/PID/task/TID/children. 0: there is none. */
static pid_t child_of_this_thread(void)
{
	FILE *f = fopen("/proc/thread-self/children", "r");
	int pid = 0;

	assert_non_null(f);
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static void one_child_does_it_all(void **state)
{
	pid_t first;

	(void)state;
	tree_file("sys/a", "");
	assert_int_equal(write_to("/sys/a", "1", SOON, NULL), 0);
	first = child_of_this_thread();
	assert_true(first > 0);
	assert_int_equal(write_to("/sys/none", "1", SOON, NULL), -ENOENT);
	assert_int_equal(write_to("/sys/a", "2", SOON, NULL), 0);
	assert_int_equal(child_of_this_thread(), first);
	act_end();
	assert_int_equal(child_of_this_thread(), 0);
}

static void a_child_that_was_killed_is_replaced(void **state)
{
	siginfo_t end;
	pid_t child;

	(void)state;
	tree_file("sys/a", "");
	assert_int_equal(write_to("/sys/a", "1", SOON, NULL), 0);
	child = child_of_this_thread();
	kill(child, SIGKILL);
	waitid(P_PID, (id_t)child, &end, WEXITED | WNOWAIT);
	assert_int_equal(write_to("/sys/a", "2", SOON, NULL), 0);
	assert_text(tree_content("sys/a"), "2");
}

/* Is it opening a file? proc(5), /proc/PID/syscall; where nobody may look, it is by now. */
static bool is_opening(pid_t pid)
{
	char path[64];
	long number = SYS_openat;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%ld", &number) != 1)
		number = errno == EPERM ? SYS_openat : -1;
	if (f)
		fclose(f);
	return number == SYS_openat;
}

static void *kills_it(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	do
		poll(NULL, 0, 200);
	while (!is_opening(pid));
	kill(pid, SIGKILL);
	return NULL;
}

static void a_child_that_is_killed_at_work(void **state)
{
	struct process stuck;
	pthread_t killer;
	pid_t child;

	(void)state;
	tree_file("sys/a", "");
	fifo("sys/unbind");
	assert_int_equal(write_to("/sys/a", "1", SOON, NULL), 0);
	child = child_of_this_thread();
	pthread_create(&killer, NULL, kills_it, &child);
	assert_int_equal(write_to("/sys/unbind", "1", SOON, &stuck), -EIO);
	assert_int_equal(stuck.pid, 0);
	pthread_join(killer, NULL);
	assert_int_equal(child_of_this_thread(), 0);
}

static void a_path_has_its_length(void **state)
{
	char path[PATH_MAX + 2];

	(void)state;
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(write_to(path, "1", SOON, NULL), -ENAMETOOLONG);
}

/* A caller that is killed while its child has not yet come to write. */
static void nothing_is_written_for_the_dead(void **state)
{
	struct pollfd end = { .events = POLLIN };
	char text[8];
	pid_t caller;

	(void)state;
	fifo("sys/unbind");
	act_end();
	caller = fork();
	if (caller == 0)
		_exit(write_to("/sys/unbind", "1", 60000, NULL) ? 1 : 0);
	poll(NULL, 0, 200);
	kill(caller, SIGKILL);
	assert_int_equal(waitpid(caller, NULL, 0), caller);
	poll(NULL, 0, 100);
	end.fd = open(tree_path("sys/unbind"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	poll(&end, 1, 200);
	assert_int_equal(read(end.fd, text, sizeof(text)), 0);
	close(end.fd);
}

static void a_stuck_child_holds_nothing(void **state)
{
	struct pollfd end = { .events = POLLIN };
	struct process stuck;
	int ends[2];

	(void)state;
	fifo("sys/unbind");
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write_to("/sys/unbind", "1", briefly(), &stuck), -ETIMEDOUT);
	assert_int_equal(getsid(stuck.pid), stuck.pid);
	close(ends[1]);
	end.fd = ends[0];
	assert_int_equal(poll(&end, 1, SOON), 1);
	assert_true(end.revents & POLLHUP);
	close(ends[0]);
	release("sys/unbind", stuck);
}

static void reads_an_attribute(void **state)
{
	struct host host = tree_host();
	char *text = NULL, *big = arena_alloc(&arena, 5001);
	struct process stuck;

	(void)state;
	tree_file("sys/a", "vfio-pci\n");
	assert_int_equal(act_read(&host, "/sys/a", SOON, &text, &stuck), 0);
	assert_text(text, "vfio-pci");
	tree_file("sys/empty", "");
	assert_int_equal(act_read(&host, "/sys/empty", SOON, &text, &stuck), 0);
	assert_text(text, "");
	memset(big, 'x', 5000);
	tree_file("sys/big", big);
	assert_int_equal(act_read(&host, "/sys/big", SOON, &text, &stuck), 0);
	assert_int_equal(strlen(text), 4096);
	assert_int_equal(act_read(&host, "/sys/none", SOON, &text, &stuck), -ENOENT);
}

static void a_read_can_be_stuck_as_well(void **state)
{
	struct host host = tree_host();
	struct process stuck;
	char *text;
	int writer;

	(void)state;
	fifo("sys/driver_override");
	assert_int_equal(act_read(&host, "/sys/driver_override", briefly(), &text, &stuck),
			 -ETIMEDOUT);
	assert_true(process_real_lives(&arena, stuck));
	writer = open(tree_path("sys/driver_override"), O_WRONLY | O_CLOEXEC);
	close(writer);
	assert_true(is_gone(stuck));
	waitpid(stuck.pid, NULL, 0);
}

/* Opening to write, for a fifo opened to read without waiting hangs nobody. */
static void opens_with_a_deadline(void **state)
{
	struct host host = tree_host();
	struct process stuck;
	int fd;

	(void)state;
	tree_file("dev/sda", "a disk");
	fd = act_open(&host, "/dev/sda", O_RDONLY, SOON, &stuck);
	assert_true(fd > 2);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), strlen("a disk"));
	close(fd);
	assert_int_equal(act_open(&host, "/dev/sdb", O_RDONLY, SOON, &stuck), -ENOENT);
	assert_int_equal(stuck.pid, 0);
	fifo("sys/disk");
	assert_int_equal(act_open(&host, "/sys/disk", O_WRONLY, briefly(), &stuck),
			 -ETIMEDOUT);
	assert_true(process_real_lives(&arena, stuck));
	release("sys/disk", stuck);
}

/* The claim is that of the open file, whoever opened it, as a lock is. */
static void what_is_opened_stays_open(void **state)
{
	struct host host = tree_host();
	int fd, again;

	(void)state;
	tree_file("dev/sda", "");
	fd = act_open(&host, "/dev/sda", O_RDONLY, SOON, NULL);
	again = open(tree_path("dev/sda"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1);
	close(fd);
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), 0);
	close(again);
}

/* Threads: half of them get stuck, and none sees another's result. */

struct job {
	pthread_t thread;
	struct root root;
	const char *path;
	int rc;
	struct process stuck;
};

static void *job_run(void *data)
{
	struct job *job = data;
	struct arena own = { 0 };

	job->rc =
		act_write(&(struct host){ &own, job->root }, job->path, "1", job->rc, &job->stuck);
	arena_free(&own);
	act_end();
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	struct host host = tree_host();
	struct job jobs[16];

	(void)state;
	tree_file("sys/a", "");
	fifo("sys/unbind");
	for (size_t i = 0; i < UNIT_COUNT(jobs); i++) {
		static const char *const paths[] = { "/sys/a", "/sys/unbind", "/sys/none" };

		jobs[i] = (struct job){ .root = host.root, .path = paths[i % 3] };
		jobs[i].rc = i % 3 == 1 ? briefly() : SOON;
		assert_int_equal(pthread_create(&jobs[i].thread, NULL, job_run, &jobs[i]), 0);
	}
	for (size_t i = 0; i < UNIT_COUNT(jobs); i++) {
		static const int want[] = { 0, -ETIMEDOUT, -ENOENT };

		pthread_join(jobs[i].thread, NULL);
		assert_int_equal(jobs[i].rc, want[i % 3]);
	}
	for (size_t i = 1; i < UNIT_COUNT(jobs); i += 3)
		release("sys/unbind", jobs[i].stuck);
}

int main(void)
{
	TREE_TEST("an attribute is written, not truncated", writes_an_attribute);
	TREE_TEST("why it cannot be written; nothing is created", tells_why_it_cannot_write);
	TREE_TEST("SIGCHLD may be ignored", a_caller_that_ignores_its_children);
	TREE_TEST("one child does one thing after the other", one_child_does_it_all);
	TREE_TEST("one that was killed is replaced", a_child_that_was_killed_is_replaced);
	TREE_TEST("one that is killed while it is at it", a_child_that_is_killed_at_work);
	TREE_TEST("a path that is too long", a_path_has_its_length);
	TREE_TEST("an attribute is read at once", reads_an_attribute_at_once);
	TREE_TEST("a stuck child is left alone and can be known again", leaves_a_stuck_child_alone);
	TREE_TEST("nothing is written once the caller was killed", nothing_is_written_for_the_dead);
	TREE_TEST("a stuck child holds no descriptor of ours", a_stuck_child_holds_nothing);
	TREE_TEST("an attribute is read, 4 KiB of it", reads_an_attribute);
	TREE_TEST("a read can be stuck as well", a_read_can_be_stuck_as_well);
	TREE_TEST("a disk is opened with a deadline", opens_with_a_deadline);
	TREE_TEST("it is open for as long as the caller wants", what_is_opened_stays_open);
	TREE_TEST("threads do not disturb each other", threads_do_not_disturb_each_other);
	return unit_run("act");
}
