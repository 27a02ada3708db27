/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/act.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/act/child.h"
#include "host/act/helper.h"
#include "root.h"

static void task_write(const struct task *t)
{
	_cleanup_fd_ int fd = open(t->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t put = fd < 0 ? -1 : write(fd, t->text, t->len);

	t->report->error = put < 0 ? errno : (size_t)put < t->len ? EIO : 0;
	t->report->len = 0;
}

/*
 * A single read(2) gives all of an attribute (filesystems/sysfs.rst, "Reading/Writing
 * Attribute Data").
 */
static void task_read(const struct task *t)
{
	_cleanup_fd_ int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct report *report = t->report;
	ssize_t got = fd < 0 ? -1 : read(fd, report->text, sizeof(report->text));

	report->error = got < 0 ? errno : 0;
	report->len = got < 0 ? 0 : (size_t)got;
}

/* Descriptor 2 is a socket: unix(7), SCM_RIGHTS. */
static int send_descriptor(int fd)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_len = CMSG_LEN(sizeof(int));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(2, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

static void task_open(const struct task *t)
{
	int fd = open(t->path, t->flags | O_CLOEXEC | O_NOCTTY);

	t->report->error = fd < 0 ? errno : send_descriptor(fd);
}

static int receive_descriptor(int from)
{
	char byte;
	struct iovec data = { &byte, 1 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	const struct cmsghdr *header;
	int fd;

	if (recvmsg(from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	/* no descriptor was left for it: the kernel does not report EMFILE in another way */
	header = CMSG_FIRSTHDR(&message);
	if (!header || message.msg_flags & MSG_CTRUNC)
		return -EMFILE;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

int act_write(const struct host *host, const char *path, const char *text, int deadline,
	      struct process *stuck)
{
	struct report report;
	struct task t = { .run = task_write,
			  .path = root_path(host, path),
			  .text = text,
			  .len = strlen(text),
			  .report = &report };

	return helper_do(host->arena, &t, deadline, stuck);
}

int act_read(const struct host *host, const char *path, int deadline, char **text,
	     struct process *stuck)
{
	struct report report = { .done = false };
	struct task t = { .run = task_read, .path = root_path(host, path), .report = &report };
	int rc = helper_do(host->arena, &t, deadline, stuck);
	size_t len;

	if (rc < 0)
		return rc;
	len = report.len;
	if (len && report.text[len - 1] == '\n')
		len--;
	*text = arena_strndup(host->arena, report.text, len);
	return 0;
}

int act_open(const struct host *host, const char *path, int flags, int deadline,
	     struct process *stuck)
{
	_cleanup_report_ struct report *report = NULL;
	struct task t = { .run = task_open, .flags = flags };
	int ends[2], rc = report_new(&report);

	if (stuck)
		*stuck = (struct process){ 0 };
	if (rc < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return rc < 0 ? rc : -errno;
	t.path = root_path(host, path);
	t.report = report;
	t.stderr_fd = ends[1];
	rc = child_do(host->arena, &t, deadline, stuck);
	if (rc == 0)
		rc = receive_descriptor(ends[0]);
	close(ends[0]);
	close(ends[1]);
	return rc;
}

void act_end(void)
{
	helper_end();
}
