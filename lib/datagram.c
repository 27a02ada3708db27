/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "datagram.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "root.h"
#include "str.h"

#define TEXT_MAX ((size_t)48 * 1024)

static bool send_to(int fd, const char *path, const struct strbuf *data)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, path, strlen(path));
	return sendto(fd, data->text, data->len, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&to, sizeof(to)) >= 0;
}

/*
 * journald's native protocol: NAME=value lines; a value that holds a newline
 * is NAME, newline, its length as 64 bits little-endian, the value.
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
 */
static void journal_message(struct strbuf *b, const char *identifier, const char *text, size_t len)
{
	strbuf_addf(b, "PRIORITY=6\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n", identifier);
	for (unsigned shift = 0; shift < 64; shift += 8)
		strbuf_addc(b, (char)((uint64_t)len >> shift & 0xff));
	strbuf_addn(b, text, len);
	strbuf_addc(b, '\n');
}

/* <14>: facility user, severity info (RFC 3164). */
static void syslog_message(struct strbuf *b, const char *identifier, const char *text, size_t len)
{
	strbuf_addf(b, "<14>%s[%ld]: ", identifier, (long)getpid());
	strbuf_addn(b, text, len);
}

void datagram_log(const struct host *host, const char *identifier, const char *text)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strnlen(text, TEXT_MAX);
	struct strbuf journal = { .arena = host->arena }, syslog = { .arena = host->arena };

	if (fd < 0)
		return;
	journal_message(&journal, identifier, text, len);
	if (send_to(fd, root_path(host, "/run/systemd/journal/socket"), &journal))
		return;
	syslog_message(&syslog, identifier, text, len);
	send_to(fd, root_path(host, "/run/systemd/journal/dev-log"), &syslog);
}
