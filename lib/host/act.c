/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "root.h"
#include "str.h"

#define READ_MAX 4096

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- in the child: only what signal-safety(7) allows, the caller may have threads ---- */

static void close_from(unsigned first)
{
	syscall(SYS_close_range, first, ~0U, 0);
}

/*
 * Own session, no descriptor of the parent's but `keep`, which becomes 3 (keep < 0: none).
 * Whatever hangs here holds nothing that anybody waits for.
 */
static void child_alone(int keep)
{
	sigset_t none;
	int null;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (keep >= 0 && keep != 3)
		dup2(keep, 3);
	/* only now, or it could be the 3 itself */
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			close(fd);
	close_from(keep < 0 ? 3 : 4);
}

/* A status is a byte, and so is every errno that a file system gives. */
static int child_write(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t done;

	if (fd < 0)
		return errno;
	done = write(fd, text, len);
	if (done < 0)
		return errno;
	return (size_t)done == len ? 0 : EIO;
}

static int child_read(const char *path, int to)
{
	char buf[READ_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	if (fd < 0)
		return errno;
	got = read(fd, buf, sizeof(buf));
	if (got < 0)
		return errno;
	return write(to, buf, (size_t)got) == got ? 0 : EIO;
}

/* ---- in the parent ---- */

/* Where SIGCHLD is ignored, as by who started us, waitid(2) tells no status. */
static pid_t fork_child(void)
{
	signal(SIGCHLD, SIG_DFL);
	return fork();
}

/* 0 and how it ended, -ETIMEDOUT, or another -errno. */
static int wait_child(pid_t pid, int pidfd, int deadline, siginfo_t *info)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	long end = now_ms() + deadline;
	int rc;

	do {
		long left = end - now_ms();

		rc = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return -ETIMEDOUT;
	*info = (siginfo_t){ 0 };
	while (waitid(P_PID, (id_t)pid, info, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Waits; one that is late is left behind, and told. Its status is an errno. */
static int outcome(struct arena *a, pid_t pid, int deadline, struct process *stuck)
{
	_cleanup_fd_ int pidfd = pidfd_of(pid);
	siginfo_t info;
	int rc;

	if (pidfd < 0)
		return -errno;
	rc = wait_child(pid, pidfd, deadline, &info);
	if (rc == -ETIMEDOUT && stuck)
		*stuck = process_real(a, pid);
	if (rc)
		return rc;
	return info.si_code == CLD_EXITED ? -info.si_status : -EIO;
}

int act_write(struct arena *a, const struct root *r, const char *path, const char *text,
	      int deadline, struct process *stuck)
{
	const char *at = root_path(a, r, path);
	size_t len = strlen(text);
	pid_t pid = fork_child();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		child_alone(-1);
		_exit(child_write(at, text, len));
	}
	return outcome(a, pid, deadline, stuck);
}

/* What is in the pipe once its other end is closed, or as much as there is. */
static char *drain(struct arena *a, int fd)
{
	char *text = arena_alloc(a, READ_MAX + 1);
	ssize_t got = read(fd, text, READ_MAX);

	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

int act_read(struct arena *a, const struct root *r, const char *path, int deadline, char **text,
	     struct process *stuck)
{
	const char *at = root_path(a, r, path);
	int ends[2], rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pid = fork_child();
	if (pid == 0) {
		child_alone(ends[1]);
		_exit(child_read(at, 3));
	}
	rc = pid < 0 ? -errno : outcome(a, pid, deadline, stuck);
	close(ends[1]);
	*text = drain(a, ends[0]);
	close(ends[0]);
	return rc;
}

/* ---- programs ---- */

static const char *find_program(struct arena *a, const struct root *r, const char *name)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path =
			root_path(a, r, arena_printf(a, "%s/%s", folders[i], name));

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static void child_exec(const char *path, const char *const *argv, int errors)
{
	static char path_is[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	char *const env[] = { path_is, locale, NULL };

	child_alone(errors);
	dup2(3, 2);
	close_from(3);
	execve(path, (char *const *)argv, env);
	_exit(127);
}

static size_t add_char(char *text, size_t len, size_t size, char c)
{
	if (len + 1 < size)
		text[len++] = c;
	text[len] = '\0';
	return len;
}

/* Reads until the program is over or late; the last line that is not empty is its reason. */
static void read_reason(int fd, int pidfd, long end, char *last, size_t size)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	size_t len = 0;
	bool fresh = false;

	last[0] = '\0';
	while (now_ms() < end) {
		char buf[512];
		ssize_t got;

		if (poll(p, 2, (int)(end - now_ms())) <= 0)
			continue;
		got = read(fd, buf, sizeof(buf));
		if (got == 0 || (got < 0 && p[1].revents))
			return;
		for (ssize_t i = 0; i < got; i++) {
			if (buf[i] == '\n')
				fresh = true;
			else
				len = add_char(last, fresh ? 0 : len, size, buf[i]), fresh = false;
		}
	}
}

/* Waits a little longer for one that was killed, so that it leaves no zombie. */
static int kill_late(pid_t pid, int pidfd)
{
	siginfo_t info;

	kill(-pid, SIGKILL);
	wait_child(pid, pidfd, 100, &info);
	return -ETIMEDOUT;
}

static int program_status(const siginfo_t *info, const char *last, struct err *err)
{
	const char *comma = *last ? ", " : "";

	if (info->si_code != CLD_EXITED)
		return err_set(err, EIO, "%s%sended by signal %d", last, comma, info->si_status);
	if (info->si_status)
		err_set(err, EIO, "%s%sstatus %d", last, comma, info->si_status);
	return info->si_status;
}

static int program_outcome(pid_t pid, int errors, const char *name, int deadline, struct err *err)
{
	_cleanup_fd_ int pidfd = pidfd_of(pid);
	long start = now_ms(), left;
	siginfo_t info;
	char last[512];
	int rc;

	if (pidfd < 0)
		return err_set(err, errno, "%s: %s", name, strerror(errno));
	read_reason(errors, pidfd, start + deadline, last, sizeof(last));
	left = start + deadline - now_ms();
	rc = wait_child(pid, pidfd, left > 0 ? (int)left : 0, &info);
	if (rc == -ETIMEDOUT) {
		err_set(err, ETIMEDOUT, "not done after %d s", deadline / 1000);
		return kill_late(pid, pidfd);
	}
	if (rc)
		return err_set(err, -rc, "%s: %s", name, strerror(-rc));
	return program_status(&info, last, err);
}

int act_run(struct arena *a, const struct root *r, const char *const *argv, int deadline,
	    struct err *err)
{
	const char *path = find_program(a, r, argv[0]);
	int ends[2], rc;
	pid_t pid;

	if (!path)
		return err_set(err, ENOENT, "this host has no program %s", argv[0]);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, errno, "%s: %s", argv[0], strerror(errno));
	pid = fork_child();
	if (pid == 0)
		child_exec(path, argv, ends[1]);
	close(ends[1]);
	rc = pid < 0 ? err_set(err, errno, "%s: %s", argv[0], strerror(errno)) :
		       program_outcome(pid, ends[0], argv[0], deadline, err);
	close(ends[0]);
	return rc;
}
