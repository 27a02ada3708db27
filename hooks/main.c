/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvmshim-hook(8): what libvirt calls when it starts and stops a VM. libvirt waits
 * for us, holding the domain's lock: we never call it back, read all it writes,
 * and say what is wrong in one line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "hooks/domain/domain.h"
#include "hooks/hook.h"
#include "root.h"
#include "str.h"

/* All of stdin, but what is beyond max + 1 bytes is only taken off the pipe. */
static void read_stdin(struct strbuf *b, size_t max)
{
	char buf[65536];
	ssize_t got;

	while ((got = read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return;
		if (b->len <= max)
			strbuf_addn(b, buf, (size_t)got);
	}
}

static int usage(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "--version"))
		return printf("kvmshim-hook %s\n", KVMSHIM_VERSION) < 0;
	fprintf(stderr, "usage: kvmshim-hook NAME OP SUBOP EXTRA <DOMAIN-XML\n"
			"libvirt calls this program as /etc/libvirt/hooks/qemu.d/50-kvmshim; see "
			"kvmshim-hook(8). To do the same by hand, use kvmshim bind and recover.\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct host host = { &arena, root_from_env(&arena) };
	struct process daemon = hook_daemon(&host);
	struct strbuf xml = { .arena = &arena };
	int status = 0;

	if (argc != 5)
		return usage(argc, argv);
	/* the reader of our stderr may have ended; our work must be done all the same */
	signal(SIGPIPE, SIG_IGN);
	/* a limit is to be an error of write(2), which is reported and undone */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, it hides how children ended */
	read_stdin(&xml, DOMAIN_MAX);
	if ((geteuid() == 0 || *host.root.prefix) && !hook_is_backup(argv[0]) &&
	    hook_knows(argv[2], argv[3]))
		status = hook_run(&host, daemon, argv[1], argv[2], argv[3], strbuf_text(&xml),
				  xml.len);
	arena_free(&arena);
	return status;
}
