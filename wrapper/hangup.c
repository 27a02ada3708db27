/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/hangup.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "str.h"
#include "wrapper/line/view.h"

#define SOCKETS_MAX 16	/* libvirt passes one for the monitor, and one for each agent channel */
#define PATIENCE_MS 10000 /* on a busy host libvirt takes seconds */
#define LOOK_AGAIN 10	/* ms */
#define WRITING_MS 100	/* from virtlogd's read of a line to its end in the log file */

/* What QMP sends first (docs/interop/qmp-spec of QEMU): libvirt answers with a command. */
static const char greeting[] =
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\": 0}, "
	"\"package\": \"\"}, \"capabilities\": []}}\r\n";

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
}

/* The descriptor of a -chardev socket,fd=N; -1 for any other argument. */
static int listening_fd(const struct cmdline *c, struct arg *arg)
{
	const struct optval *v = arg->opt && arg->value && str_eq(arg->opt->name, "chardev") ?
					 view_parsed(c, arg, NULL) :
					 NULL;
	const struct prop *p = v ? optval_get(v, "fd") : NULL;
	int fd = p && *p->value && strspn(p->value, "0123456789") == strlen(p->value) ?
			 (int)strtoul(p->value, NULL, 10) :
			 -1;

	return fd >= 0 && is_listening(fd) ? fd : -1;
}

static nfds_t find_sockets(const struct cmdline *c, struct pollfd *sockets)
{
	nfds_t n = 0;

	for (size_t i = 0; i < c->n && n < SOCKETS_MAX; i++) {
		int fd = listening_fd(c, &c->args[i]);

		if (fd >= 0)
			sockets[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	return n;
}

/* The first connection to one of them, or -1. */
static int accept_one(const struct pollfd *sockets, nfds_t n)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	for (nfds_t i = 0; i < n; i++)
		if (sockets[i].revents & POLLIN)
			return accept4(sockets[i].fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
	return -1;
}

/* What was sent is read: bytes left behind would reset the connection. */
static void await_command(int fd)
{
	struct pollfd peer = { .fd = fd, .events = POLLIN };

	if (send(fd, greeting, sizeof(greeting) - 1, MSG_NOSIGNAL) < 0)
		return;
	if (poll(&peer, 1, PATIENCE_MS) > 0) {
		char buf[4096];

		while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	}
}

/*
 * libvirt reads the reason in the log file, which virtlogd writes: what is still in the pipe to
 * virtlogd it would not find. FIONREAD: pipe(7).
 */
static void await_log(void)
{
	double end = clock_ms() + PATIENCE_MS;
	struct stat st;
	int unread = 0;

	if (fstat(STDERR_FILENO, &st) < 0 || !S_ISFIFO(st.st_mode))
		return;
	while (ioctl(STDERR_FILENO, FIONREAD, &unread) == 0 && unread > 0 && clock_ms() < end)
		clock_sleep(LOOK_AGAIN);
	clock_sleep(WRITING_MS);
}

void hangup_after_refusal(const struct cmdline *c)
{
	struct pollfd sockets[SOCKETS_MAX];
	nfds_t n = find_sockets(c, sockets);

	if (n && poll(sockets, n, PATIENCE_MS) > 0) {
		_cleanup_fd_ int fd = accept_one(sockets, n);

		if (fd >= 0) {
			await_command(fd);
			await_log();
		}
	}
}
