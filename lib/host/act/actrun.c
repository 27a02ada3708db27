/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/actrun.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "host/act/child.h"
#include "host/program.h"
#include "root.h"
#include "str.h"

static void task_exec(const struct task *t)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	static char *const env[] = { path, locale, NULL };

	execve(t->path, t->argv, env);
	t->report->error = errno;
}

/* execve() wants words that could be written to; the child's copy may be. */
static char *const *argv_copy(struct arena *a, const char *const *argv)
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	copy = arena_alloc(a, (n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, argv[i]);
	copy[n] = NULL;
	return copy;
}

/* NULL if it said nothing. */
static const char *tail_line(struct arena *a, const struct tail *tail)
{
	const char *text = tail->text, *line;
	size_t len = tail->len;

	while (len && strchr("\r\n\t ", text[len - 1]))
		len--;
	line = memrchr(text, '\n', len);
	line = line ? line + 1 : text;
	if (len == 0)
		return NULL;
	return str_printable(a, arena_strndup(a, line, len - (size_t)(line - text)));
}

/* How it ended, as act_run() returns it. */
static int program_result(struct arena *a, const struct child *c, const struct task *t,
			  const struct tail *tail, struct err *err)
{
	const char *name = t->argv[0], *line = tail_line(a, tail);
	siginfo_t end = { 0 };
	int rc = child_reap(c, &end);

	if (rc == 0 && t->report->error)
		rc = -t->report->error;
	if (rc < 0)
		return err_set(err, -rc, "%s: %s", name, err_reason(-rc));
	if (end.si_code != CLD_EXITED)
		return err_set(err, EIO, "%s was ended by signal %d", name, end.si_status);
	if (end.si_status && line)
		err_set(err, EIO, "%s", line);
	else if (end.si_status)
		err_set(err, EIO, "%s failed with exit status %d", name, end.si_status);
	return end.si_status;
}

/* The group is the session that the child made; it may not have come to that yet. */
static void program_kill(const struct child *c)
{
	siginfo_t end;

	kill(c->pid, SIGKILL);
	kill(-c->pid, SIGKILL);
	if (child_wait(c, 1000, -1, NULL) == 0)
		child_reap(c, &end);
}

/*
 * A process that the program leaves running may keep its stderr open, or even write more:
 * so nobody waits for the end of the pipe. A pipe holds 64 KiB, pipe(7).
 */
#define DRAINS (64 * 1024 / (TAIL_MAX / 2))

static int program_wait(struct arena *a, const struct child *c, const struct task *t, int fd,
			int deadline, struct err *err)
{
	struct tail tail = { .len = 0 };
	int rc = child_wait(c, deadline, fd, &tail);

	if (rc < 0) {
		program_kill(c);
		return err_set(err, -rc, "%s did not finish in %d ms and was killed", t->argv[0],
			       deadline);
	}
	for (int i = 0; i < DRAINS && tail_read(&tail, fd); i++)
		;
	return program_result(a, c, t, &tail, err);
}

static int program_start(struct arena *a, struct task *t, int deadline, struct err *err)
{
	struct child c = { 0 };
	int pipefd[2], rc;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_set(err, errno, "%s: %s", t->argv[0], err_reason(errno));
	/* our end alone: what a program writes is not to be lost */
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	t->stderr_fd = pipefd[1];
	rc = child_start(&c, t);
	close(pipefd[1]);
	if (rc < 0) {
		err_set(err, -rc, "%s: %s", t->argv[0], err_reason(-rc));
	} else {
		rc = program_wait(a, &c, t, pipefd[0], deadline, err);
		child_end(&c);
	}
	close(pipefd[0]);
	return rc;
}

int act_run(const struct host *host, const char *const *argv, int deadline, struct err *err)
{
	_cleanup_report_ struct report *report = NULL;
	struct task t = { .run = task_exec };
	const char *path;
	int rc = report_new(&report);

	if (rc < 0)
		return err_set(err, -rc, "%s: %s", argv[0], err_reason(-rc));
	path = program_find(host, argv[0]);
	if (!path)
		return err_set(err, ENOENT, "%s is not in /usr/sbin, /usr/bin, /sbin or /bin",
			       argv[0]);
	t.path = root_path(host, path);
	t.argv = argv_copy(host->arena, argv);
	t.report = report;
	return program_start(host->arena, &t, deadline, err);
}
