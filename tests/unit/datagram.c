/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "datagram.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "tree.h"

static int listener(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	tree_folder("run/systemd/journal");
	strncpy(at.sun_path, tree_path(path), sizeof(at.sun_path) - 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static ssize_t receive(int fd, char *buf, size_t size)
{
	ssize_t len = recv(fd, buf, size, 0);

	close(fd);
	return len;
}

/* NAME, newline, 64 bits of length, the value: so a newline cannot forge a field. */
static void to_the_journal(void **state)
{
	static const char want[] = "PRIORITY=6\nSYSLOG_IDENTIFIER=kvmshim-wrapper\nMESSAGE\n"
				   "\x13\0\0\0\0\0\0\0"
				   "vm1:\nPRIORITY=0\nabc\n";
	struct host host = tree_host();
	int fd = listener("run/systemd/journal/socket");
	char buf[1000];

	(void)state;
	datagram_log(&host, "kvmshim-wrapper", "vm1:\nPRIORITY=0\nabc");
	assert_int_equal(receive(fd, buf, sizeof(buf)), sizeof(want) - 1);
	assert_memory_equal(buf, want, sizeof(want) - 1);
}

static void to_syslog(void **state)
{
	struct host host = tree_host();
	int fd = listener("run/systemd/journal/dev-log");
	char buf[1000] = "";

	(void)state;
	datagram_log(&host, "kvmshim-wrapper", "vm1: text");
	assert_true(receive(fd, buf, sizeof(buf) - 1) > 0);
	assert_text(buf, arena_printf(&arena, "<14>kvmshim-wrapper[%ld]: vm1: text",
				      (long)getpid()));
}

static void to_nobody(void **state)
{
	struct host host = tree_host();
	struct host deep = { &arena, { .prefix = arena_printf(&arena, "/%0200d", 1) } };

	(void)state;
	datagram_log(&host, "kvmshim-wrapper", "nobody listens");
	datagram_log(&deep, "kvmshim-wrapper", "a path too long for a socket");
}

/* A listener that reads nothing must not hold up a VM. */
static void to_a_listener_that_is_full(void **state)
{
	struct host host = tree_host();
	int fd = listener("run/systemd/journal/socket");

	(void)state;
	for (int i = 0; i < 2000; i++)
		datagram_log(&host, "kvmshim-wrapper", "text");
	close(fd);
}

static void a_long_text_is_cut(void **state)
{
	struct host host = tree_host();
	int fd = listener("run/systemd/journal/socket");
	char *text = arena_alloc(&arena, 200001), *buf = arena_alloc(&arena, 200001);
	ssize_t len;

	(void)state;
	memset(text, 'a', 200000);
	datagram_log(&host, "x", text);
	len = receive(fd, buf, 200000);
	assert_true(len > 48 * 1024 && len < 49 * 1024);
}

int main(void)
{
	TREE_TEST("the journal gets one datagram in its own protocol", to_the_journal);
	TREE_TEST("without a journal syslog gets it", to_syslog);
	TREE_TEST("where nobody listens nothing happens", to_nobody);
	TREE_TEST("a listener that is full does not hold us up", to_a_listener_that_is_full);
	TREE_TEST("a long text is cut at 48 KiB", a_long_text_is_cut);
	return unit_run("datagram");
}
