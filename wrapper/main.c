/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvmshim-wrapper(8): is installed at the emulator path, rewrites argv by the admin's rules
 * and becomes the real emulator. One process, execve and no fork; silent if all is well,
 * because stdout and stderr are libvirt's.
 */
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "datagram.h"
#include "err.h"
#include "host/host.h"
#include "root.h"
#include "str.h"
#include "wrapper/decide.h"
#include "wrapper/hangup.h"
#include "wrapper/launch.h"

#define IDENTIFIER "kvmshim-wrapper"

/* A line to stderr with one write: libvirt shows it to whoever started the VM. */
static void complain(struct arena *a, const char *text)
{
	const char *line = arena_printf(a, "%s\n", text);

	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return;
}

static const char *mistakes_text(struct arena *a, struct mistakes *m)
{
	struct strbuf b = { .arena = a };

	mistakes_sort(m);
	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].warning)
			strbuf_addf(&b, "%s%s", b.len ? "\n" : "", mistake_text(a, &m->v[i]));
	return strbuf_text(&b);
}

static void log_decision(const struct host *host, struct decision *d)
{
	const char *text = NULL;

	if (d->kind == DECIDE_REWRITE)
		text = trace_text(&d->trace, d->names.name, &d->facts);
	else if (d->kind == DECIDE_PASS)
		text = arena_printf(host->arena, "%s: started unchanged (on-error = pass):\n%s",
				    d->names.name ? str_printable(host->arena, d->names.name)
						  : "(no name)",
				    mistakes_text(host->arena, &d->mistakes));
	if (text)
		datagram_log(host, IDENTIFIER, text);
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct host host = { &arena, root_from_env(&arena) };
	const char *self = host_self_exe(&arena);
	struct decision d;
	struct err err;
	int status;

	(void)argc;
	decide(&host, self, argv, &d);
	if (d.kind == DECIDE_REFUSE) {
		complain(&arena, mistakes_text(&arena, &d.mistakes));
		hangup_after_refusal(&d.cmdline);
		return 1;
	}
	log_decision(&host, &d);
	status = launch(d.real, self, decide_argv(&d, argv), &err);
	complain(&arena, arena_printf(&arena, IDENTIFIER ": %s", err.text));
	hangup_after_refusal(&d.cmdline);
	return status;
}
