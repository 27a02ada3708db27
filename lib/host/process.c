/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/host.h"
#include "root.h"
#include "str.h"

static const struct root real = { .prefix = "" };

static const char *process_path(struct arena *a, pid_t pid, const char *name)
{
	return arena_printf(a, "/proc/%d/%s", (int)pid, name);
}

/*
 * State, threads (field 20) and start time (22) of /proc/PID/stat, proc(5). The
 * name before them is in parentheses and may hold some itself, and blanks.
 */
static bool stat_parse(const char *text, char *state, long *threads, unsigned long long *start)
{
	const char *p = strrchr(text, ')');

	return p && sscanf(p, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			      "%*d %ld %*d %llu",
			   state, threads, start) == 3;
}

struct process process_now(struct arena *a, const struct root *r, pid_t pid)
{
	struct process p = { .pid = pid };
	size_t len = 0;
	long threads;
	char *text, state;

	if (pid <= 0 || host_read(a, r, process_path(a, pid, "stat"), &text, &len) < 0 ||
	    !stat_parse(text, &state, &threads, &p.start))
		return (struct process){ 0 };
	if (strchr("ZXx", state) && threads <= 1)
		return (struct process){ 0 };
	return p;
}

bool process_lives(struct arena *a, const struct root *r, struct process p)
{
	struct process now = process_now(a, r, p.pid);

	return now.pid && now.start == p.start;
}

struct process process_real(struct arena *a, pid_t pid)
{
	return process_now(a, &real, pid);
}

bool process_real_lives(struct arena *a, struct process p)
{
	return process_lives(a, &real, p);
}
