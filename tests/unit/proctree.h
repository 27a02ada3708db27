/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Processes of a test's own tree. */
#include "tree.h"

/* /proc/PID/stat of a process with that name and state, as many threads, that start time. */
static inline void proc_stat(int pid, const char *name, char state, int threads, int start)
{
	tree_file(arena_printf(&arena, "proc/%d/stat", pid),
		  arena_printf(&arena,
			       "%d (%s) %c 1 %d %d 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 %d 0 %d 10 20 "
			       "18446744073709551615 1 2\n",
			       pid, name, state, pid, pid, threads, start));
}

static inline void proc_fd(int pid, int fd, const char *to)
{
	tree_folder(arena_printf(&arena, "proc/%d/fd", pid));
	tree_link(arena_printf(&arena, "proc/%d/fd/%d", pid, fd), to);
}

/* /proc/PID/status of a process of this user, with its PID in each namespace. */
static inline void proc_status(int pid, const char *uids, const char *pids)
{
	tree_file(arena_printf(&arena, "proc/%d/status", pid),
		  arena_printf(&arena, "Name:\tx\nPid:\t%d\nUid:\t%s\nGid:\t0\t0\t0\t0\n"
				       "NSpid:\t%s\nNSsid:\t1\n", pid, uids, pids));
}

static inline void proc_qemu(int pid, const char *uuid)
{
	static const char words[] = "qemu\0-uuid";
	size_t len = sizeof(words) + strlen(uuid) + 1;
	char *line = arena_alloc(&arena, len);

	memcpy(line, words, sizeof(words));
	memcpy(line + sizeof(words), uuid, strlen(uuid));
	proc_stat(pid, "qemu-system-x86", 'S', 1, 5);
	proc_status(pid, "0\t0\t0\t0", "5");
	tree_file(arena_printf(&arena, "proc/%d/comm", pid), "qemu-system-x86\n");
	tree_bytes(arena_printf(&arena, "proc/%d/cmdline", pid), line, len, 0444);
}
