/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "clock.h"
#include "ctl/outside.h"
#include "err.h"
#include "str.h"

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
static bool drain_both(const struct outside *p, double deadline, struct strbuf *out,
		       struct strbuf *err)
{
	struct pollfd fds[] = { { .fd = p->out, .events = POLLIN },
				{ .fd = p->err, .events = POLLIN },
				{ .fd = p->signals, .events = POLLIN } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int left = clock_left(deadline);

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
static bool reap(const struct outside *p, double deadline, int *status)
{
	struct pollfd end = { .fd = p->signals, .events = POLLIN };

	while (waitpid(p->pid, status, WNOHANG) == 0)
		if (!clock_left(deadline) || poll(&end, 1, 1) > 0)
			return false;
	return true;
}

static int judge(const char *program, int status, const char *said, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (*said == '\0')
		said = "it said nothing";
	return err_set(err, EIO, "%s failed: %.*s", program, (int)strcspn(said, "\n"), said);
}

static bool hear_out(const struct outside *p, double deadline, struct strbuf *out,
		     struct strbuf *err, int *status)
{
	if (drain_both(p, deadline, out, err) && reap(p, deadline, status))
		return true;
	outside_kill(p);
	return false;
}

int capture_within(struct arena *a, const char *const *argv, int in, int seconds, const char **text,
		   const char **said, struct err *err)
{
	struct strbuf out = { .arena = a }, noise = { .arena = a };
	double deadline = clock_ms() + seconds * 1e3;
	const char *path;
	struct outside p;
	int status = 0, rc = outside_find(a, argv[0], &path, err);
	bool answered;

	if (rc)
		return rc;
	rc = outside_begin(&p, path, argv, in, OUTSIDE_PIPE);
	answered = rc == 0 && hear_out(&p, deadline, &out, &noise, &status);
	outside_end(&p);
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
