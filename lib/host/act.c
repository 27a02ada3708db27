/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "host/child.h"
#include "root.h"

static void task_write(const struct task *t)
{
	int fd = open(t->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t put = fd < 0 ? -1 : write(fd, t->text, t->len);

	t->report->error = put < 0 ? errno : (size_t)put < t->len ? EIO : 0;
}

static void task_read(const struct task *t)
{
	int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct report *report = t->report;
	ssize_t got = fd < 0 ? -1 : 0;

	while (fd >= 0 && report->len < sizeof(report->text)) {
		got = read(fd, report->text + report->len, sizeof(report->text) - report->len);
		if (got <= 0)
			break;
		report->len += (size_t)got;
	}
	report->error = got < 0 ? errno : 0;
}

/*
 * 0, or why the child could not do it. Its report is there even if it was somebody
 * else who reaped it (SIGCHLD ignored).
 */
static int attribute_result(const struct child *c, const struct task *t)
{
	siginfo_t end;

	child_reap(c, &end);
	return t->report->done ? -t->report->error : -EIO;
}

/* One that ended after all, between the deadline and the look at it, is not stuck. */
static int attribute_wait(struct arena *a, const struct child *c, int deadline,
			  struct process *stuck)
{
	struct process p;
	int rc = child_wait(c, deadline, -1, NULL);

	if (rc != -ETIMEDOUT)
		return rc;
	p = process_real(a, c->pid);
	p.pid = c->pid;
	rc = child_wait(c, 0, -1, NULL);
	if (rc < 0 && stuck)
		*stuck = p;
	return rc;
}

static int attribute_act(struct arena *a, const struct task *t, int deadline,
			 struct process *stuck)
{
	struct child c = { 0 };
	int rc = child_start(&c, t);

	if (stuck)
		*stuck = (struct process){ 0 };
	if (rc < 0)
		return rc;
	rc = attribute_wait(a, &c, deadline, stuck);
	if (rc == 0)
		rc = attribute_result(&c, t);
	close(c.pidfd);
	return rc;
}

int act_write(struct arena *a, const struct root *r, const char *path, const char *text,
	      int deadline, struct process *stuck)
{
	_cleanup_report_ struct report *report = NULL;
	struct task t = { .run = task_write, .stderr_fd = -1 };
	int rc = report_new(&report);

	if (rc < 0)
		return rc;
	t.path = root_path(a, r, path);
	t.text = text;
	t.len = strlen(text);
	t.report = report;
	return attribute_act(a, &t, deadline, stuck);
}

int act_read(struct arena *a, const struct root *r, const char *path, int deadline, char **text,
	     struct process *stuck)
{
	_cleanup_report_ struct report *report = NULL;
	struct task t = { .run = task_read, .stderr_fd = -1 };
	int rc = report_new(&report);
	size_t len;

	if (rc < 0)
		return rc;
	t.path = root_path(a, r, path);
	t.report = report;
	rc = attribute_act(a, &t, deadline, stuck);
	if (rc < 0)
		return rc;
	len = report->len;
	if (len && report->text[len - 1] == '\n')
		len--;
	*text = arena_strndup(a, report->text, len);
	return 0;
}
