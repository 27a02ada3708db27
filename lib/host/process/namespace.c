/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/namespace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "host/host.h"
#include "host/process/credentials.h"
#include "root.h"
#include "str.h"

/* PROC_PID_INIT_INO of the kernel's linux/proc_ns.h; PID_NS_INIT_INO of linux/nsfs.h. */
#define HOSTS "pid:[4026531836]"

static const char own[] = "it is in a PID namespace of its own";

static bool read_link(const struct host *host, const char *path, char *to, size_t size)
{
	ssize_t len = readlink(root_path(host, path), to, size - 1);

	to[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* The reader's number in the namespace of the mount: proc_self_get_link() of fs/proc/self.c. */
static bool is_ours(const struct host *host)
{
	char self[32];

	return *host->root.prefix ||
	       (read_link(host, "/proc/self", self, sizeof(self)) && atol(self) == getpid());
}

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD of linux/sched.h */

/* kthreadd is process 2 of the host, and of no other namespace; its flags are field 9. */
static bool has_kthreadd(const struct host *host)
{
	const char *end;
	unsigned flags;
	size_t len;
	char *text;

	if (host_read(host, "/proc/2/stat", &text, &len) < 0)
		return false;
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       flags & KERNEL_THREAD;
}

/* A kernel without PID namespaces has no such link. */
const char *namespace_blindness(const struct host *host)
{
	char link[64];
	bool known = read_link(host, "/proc/self/ns/pid", link, sizeof(link));

	if (!known && *host->root.prefix)
		return NULL;
	if (known && !str_eq(link, HOSTS))
		return own;
	if (!is_ours(host))
		return "/proc is of another PID namespace";
	if (!has_kthreadd(host))
		return "/proc hides processes (hidepid), and CAP_SYS_PTRACE is missing";
	return NULL;
}

const char *namespace_blindness_of(const struct host *host, pid_t pid)
{
	const char *path = arena_printf(host->arena, "/proc/%ld/status", (long)pid);
	size_t len;
	char *text;

	if (pid <= 0 || host_read(host, path, &text, &len) < 0)
		return NULL;
	return credentials_is_nested(text) ? own : NULL;
}
