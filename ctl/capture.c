/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "clock.h"
#include "ctl/trust.h"
#include "err.h"
#include "str.h"

/* A program at work. */
struct running {
	pid_t pid;
	int in; /* -1: /dev/null */
	int out[2], err[2];
	int signals; /* can be read where we are to end */
	sigset_t before;
	double deadline;
};

/* The end of a pipe that is the program's. */
static void close_end(int *pair)
{
	if (pair[1] >= 0)
		close(pair[1]);
	pair[1] = -1;
}

static void close_pair(int *pair)
{
	close_end(pair);
	if (pair[0] >= 0)
		close(pair[0]);
}

/* ---- its beginning ---- */

/*
 * A terminal's Ctrl-C does not reach it in its session, so it is ended when we are: signals
 * that would end us wait until it is over.
 */
static void hold_signals(struct running *r)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction now;
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&held, deadly[i]);
	sigprocmask(SIG_BLOCK, &held, &r->before);
	r->signals = signalfd(-1, &held, SFD_CLOEXEC);
}

static void release_signals(const struct running *r)
{
	if (r->signals >= 0)
		close(r->signals);
	sigprocmask(SIG_SETMASK, &r->before, NULL);
}

static void place_descriptors(const struct running *r, posix_spawn_file_actions_t *actions)
{
	if (r->in < 0)
		posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(actions, r->in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(actions, r->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(actions, r->err[1], STDERR_FILENO);
}

/*
 * A program starts with no signal blocked and none ignored, whatever our caller ignores: the
 * background job of a script has SIGINT ignored, and so would QEMU and its children.
 */
static void place_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
}

static int spawn(const char *program, const char *const *argv, struct running *r)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	posix_spawnattr_init(&attr);
	place_signals(&attr);
	posix_spawn_file_actions_init(&actions);
	place_descriptors(r, &actions);
	rc = posix_spawn(&r->pid, program, &actions, &attr, (char *const *)(const void *)argv,
			 environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	close_end(r->out);
	close_end(r->err);
	return rc;
}

/* ---- what it says, and its end ---- */

/* false at the end of the pipe. */
static bool drain(int fd, struct strbuf *to)
{
	char buf[4096];
	ssize_t got = read(fd, buf, sizeof(buf));

	if (got > 0 && to->len < CAPTURE_MAX)
		strbuf_addn(to, buf, (size_t)got);
	return got > 0 || (got < 0 && errno == EINTR);
}

/* false: no time is left. */
static bool drain_both(const struct running *r, struct strbuf *out, struct strbuf *err)
{
	struct pollfd fds[] = { { .fd = r->out[0], .events = POLLIN },
				{ .fd = r->err[0], .events = POLLIN },
				{ .fd = r->signals, .events = POLLIN } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int left = clock_left(r->deadline);

		if (!left)
			return false;
		if (poll(fds, 3, left) <= 0)
			continue;
		if (fds[2].revents)
			return false;
		for (int i = 0; i < 2; i++)
			if (fds[i].fd >= 0 && fds[i].revents && !drain(fds[i].fd, i ? err : out))
				fds[i].fd = -1;
	}
	return true;
}

/* false: it has not ended in time. */
static bool reap(const struct running *r, int *status)
{
	struct pollfd end = { .fd = r->signals, .events = POLLIN };

	while (waitpid(r->pid, status, WNOHANG) == 0)
		if (!clock_left(r->deadline) || poll(&end, 1, 1) > 0)
			return false;
	return true;
}

/* A program that is stuck in the kernel cannot be killed: it is left behind. */
#define GRACE_MS 1000

static void put_down(const struct running *r)
{
	kill(-r->pid, SIGKILL);
	for (int ms = 0; ms < GRACE_MS && waitpid(r->pid, NULL, WNOHANG) == 0; ms += 10)
		clock_sleep(10);
}

static int judge(const char *program, int status, const char *said, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (*said == '\0')
		said = "it said nothing";
	return err_set(err, EIO, "%s failed: %.*s", program, (int)strcspn(said, "\n"), said);
}

/* 0 or errno. */
static int begin(struct running *r, const char *program, const char *const *argv)
{
	hold_signals(r);
	if (pipe2(r->out, O_CLOEXEC) < 0 || pipe2(r->err, O_CLOEXEC) < 0)
		return errno;
	return spawn(program, argv, r);
}

static bool hear_out(const struct running *r, struct strbuf *out, struct strbuf *err, int *status)
{
	if (drain_both(r, out, err) && reap(r, status))
		return true;
	put_down(r);
	return false;
}

static int find(struct arena *a, const char *name, const char **program, struct err *err)
{
	struct err why = { 0 };
	int rc = trust_find(a, name, program, &why);

	if (rc == -ENOENT)
		return err_set(err, ENOENT, "%s cannot be run: %s", name, strerror(ENOENT));
	return rc ? err_set(err, -rc, "%s is not run as root: %s", name, why.text) : 0;
}

int capture_within(struct arena *a, const char *const *argv, int in, int seconds, const char **text,
		   const char **said, struct err *err)
{
	struct running r = { .in = in,
			     .out = { -1, -1 },
			     .err = { -1, -1 },
			     .deadline = clock_ms() + seconds * 1e3 };
	struct strbuf out = { .arena = a }, noise = { .arena = a };
	const char *program;
	int status = 0, rc = find(a, argv[0], &program, err);
	bool answered;

	if (rc)
		return rc;
	rc = begin(&r, program, argv);
	answered = rc == 0 && hear_out(&r, &out, &noise, &status);

	close_pair(r.out);
	close_pair(r.err);
	release_signals(&r);
	if (rc)
		return err_set(err, rc, "%s cannot be run: %s", argv[0], strerror(rc));
	*text = strbuf_text(&out);
	*said = strbuf_text(&noise);
	if (!answered)
		return err_set(err, ETIMEDOUT, "%s does not answer (%d s)", argv[0], seconds);
	return judge(argv[0], status, *said, err);
}

int capture_both(struct arena *a, const char *const *argv, const char **text, const char **said,
		 struct err *err)
{
	return capture_within(a, argv, -1, CAPTURE_SECONDS, text, said, err);
}

int capture(struct arena *a, const char *const *argv, const char **text, struct err *err)
{
	const char *said;

	return capture_both(a, argv, text, &said, err);
}

int capture_with(struct arena *a, const char *const *argv, const char *input, const char **text,
		 struct err *err)
{
	_cleanup_fd_ int in = memfd_create("input", MFD_CLOEXEC);
	size_t len = strlen(input);
	const char *said;

	if (in < 0 || write(in, input, len) != (ssize_t)len || lseek(in, 0, SEEK_SET) < 0)
		return err_set(err, EIO, "%s: its input cannot be kept: %s", argv[0],
			       strerror(errno));
	return capture_within(a, argv, in, CAPTURE_SECONDS, text, &said, err);
}
