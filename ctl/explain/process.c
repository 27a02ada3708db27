/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which process is a domain's, and is it still? */
#include "ctl/explain/process.h"

#include <stdlib.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/explain/explained.h"
#include "err.h"
#include "file.h"
#include "host/host.h"
#include "wrapper/match.h"

#define PID_FOLDER "/run/libvirt/qemu"

static pid_t pid_of(struct ctl *ctl, const char *name)
{
	const char *path = arena_printf(ctl->host.arena, PID_FOLDER "/%s.pid", name);
	struct file file;
	struct err err;

	if (file_read_any(ctl->host.arena, root_path(&ctl->host, path), &file, &err) < 0)
		return 0;
	return (pid_t)strtol(file.text, NULL, 10);
}

/* The name and the UUID that a command line gives its VM. */
static struct names identity(struct arena *a, struct strv *words)
{
	const struct qemuopts opts = { 0 };
	struct names names = { 0 };
	struct cmdline c;

	if (words->n == 0)
		return names;
	cmdline_parse(a, &opts, explain_argv(a, words), &c);
	match_names(a, &c, &names);
	return names;
}

static bool same(const char *a, const char *b)
{
	return a && b && str_eq(a, b);
}

void explain_find_running(struct ctl *ctl, const char *name, struct explained *x)
{
	struct arena *a = ctl->host.arena;
	/* libvirt (9.0) names the pid file by the name as it is written in the domain XML */
	const char *const files[] = { name, str_xml(a, name) };
	struct names want = identity(a, &x->before);

	if (x->before.n == 0)
		want.name = name;
	for (size_t i = 0; i < 2; i++) {
		struct strv words = { 0 };
		pid_t pid = pid_of(ctl, files[i]);
		struct names is;

		if (pid <= 0 || host_cmdline(&ctl->host, pid, &words) < 0)
			continue;
		is = identity(a, &words);
		if (same(is.uuid, want.uuid) || same(is.name, want.name)) {
			x->running = words;
			return;
		}
	}
}
