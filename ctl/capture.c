/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "str.h"

struct pipes {
	int in; /* -1: /dev/null */
	int out[2], err[2];
};

static void close_pair(int *pair)
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static int spawn(const char *const *argv, const struct pipes *p, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	if (p->in < 0)
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&actions, p->in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->err[1], STDERR_FILENO);
	rc = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(const void *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* false at the end of the pipe. */
static bool drain(int fd, struct strbuf *to)
{
	char buf[4096];
	ssize_t got = read(fd, buf, sizeof(buf));

	if (got > 0)
		strbuf_addn(to, buf, (size_t)got);
	return got > 0 || (got < 0 && errno == EINTR);
}

static void drain_both(const struct pipes *p, struct strbuf *out, struct strbuf *err)
{
	struct pollfd fds[] = { { .fd = p->out[0], .events = POLLIN },
				{ .fd = p->err[0], .events = POLLIN } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++)
			if (fds[i].fd >= 0 && fds[i].revents && !drain(fds[i].fd, i ? err : out))
				fds[i].fd = -1;
	}
}

static int judge(const char *program, int status, const char *said, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (*said == '\0')
		said = "it said nothing";
	return err_set(err, EIO, "%s failed: %.*s", program, (int)strcspn(said, "\n"), said);
}

/* in: its stdin; -1: there is nothing to read. */
static int capture_all(struct arena *a, const char *const *argv, int in, const char **text,
		       const char **said, struct err *err)
{
	struct pipes p = { in, { -1, -1 }, { -1, -1 } };
	struct strbuf out = { .arena = a }, noise = { .arena = a };
	int rc = 0, status = 0;
	pid_t pid = 0;

	if (pipe2(p.out, O_CLOEXEC) < 0 || pipe2(p.err, O_CLOEXEC) < 0)
		rc = errno;
	if (rc == 0)
		rc = spawn(argv, &p, &pid);
	if (rc == 0) {
		close(p.out[1]);
		close(p.err[1]);
		p.out[1] = p.err[1] = -1;
		drain_both(&p, &out, &noise);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close_pair(p.out);
	close_pair(p.err);
	if (rc)
		return err_set(err, rc, "%s cannot be run: %s", argv[0], strerror(rc));
	*text = strbuf_text(&out);
	*said = strbuf_text(&noise);
	return judge(argv[0], status, *said, err);
}

int capture_both(struct arena *a, const char *const *argv, const char **text, const char **said,
		 struct err *err)
{
	return capture_all(a, argv, -1, text, said, err);
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
	return capture_all(a, argv, in, text, &said, err);
}
