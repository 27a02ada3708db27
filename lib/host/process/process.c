/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"
#include "utc.h"

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

	return p && sscanf(p,
			   ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			   "%*d %ld %*d %llu",
			   state, threads, start) == 3;
}

/* 0, -ESRCH for a process that has ended, or is a zombie; another -errno: it is unknown. */
static int process_read(const struct host *host, pid_t pid, struct process *p)
{
	size_t len = 0;
	long threads;
	char *text, state;
	int rc = host_read(host, process_path(host->arena, pid, "stat"), &text, &len);

	*p = (struct process){ .pid = pid };
	if (rc < 0)
		return rc == -ENOENT ? -ESRCH : rc;
	if (!stat_parse(text, &state, &threads, &p->start))
		return -EBADMSG;
	return strchr("ZXx", state) && threads <= 1 ? -ESRCH : 0;
}

struct process process_now(const struct host *host, pid_t pid)
{
	struct process p;

	if (pid <= 0 || process_read(host, pid, &p) < 0)
		return (struct process){ 0 };
	return p;
}

bool process_has_ended(const struct host *host, pid_t pid)
{
	struct process p;

	return process_read(host, pid, &p) == -ESRCH;
}

bool process_is_gone(const struct host *host, struct process p)
{
	struct process now;
	int rc = p.pid > 0 ? process_read(host, p.pid, &now) : -ESRCH;

	return rc == -ESRCH || (rc == 0 && now.start != p.start);
}

bool process_real_is_gone(struct arena *a, struct process p)
{
	return process_is_gone(&(struct host){ a, real }, p);
}

bool process_lives(const struct host *host, struct process p)
{
	struct process now = process_now(host, p.pid);

	return now.pid && now.start == p.start;
}

struct process process_real(struct arena *a, pid_t pid)
{
	return process_now(&(struct host){ a, real }, pid);
}

bool process_real_lives(struct arena *a, struct process p)
{
	return process_lives(&(struct host){ a, real }, p);
}

bool process_is_self(const struct root *r, pid_t pid)
{
	return !*r->prefix && pid == getpid();
}

bool process_is_child(const struct host *host, pid_t pid)
{
	const char *end;
	size_t len = 0;
	char *text;
	int parent;

	if (*host->root.prefix ||
	    host_read(host, process_path(host->arena, pid, "stat"), &text, &len) < 0)
		return false;
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 && parent == getpid();
}

/* The first line of a small file of a process. NULL if it cannot be read. */
static const char *first_line(const struct host *host, const char *path)
{
	size_t len = 0;
	char *text;

	if (host_read(host, path, &text, &len) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

const char *process_command(const struct host *host, pid_t pid)
{
	return first_line(host, process_path(host->arena, pid, "comm"));
}

const char *process_boot_id(const struct host *host)
{
	const char *id = first_line(host, "/proc/sys/kernel/random/boot_id");

	return id ? id : "";
}

bool process_booted_since(const struct host *host, const char *boot)
{
	const char *id = process_boot_id(host);

	return *id && !str_eq(id, boot);
}

/* The kinds of units that have processes, systemd.unit(5); a slice only has other units. */
static bool is_unit(const char *name)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_ends(name, kinds[i]))
			return true;
	return false;
}

/*
 * The first unit of a path, cg_path_get_unit() of systemd: what is below it is not the host's.
 * user@1000.service has units of another systemd below it, which runs for that user, and so
 * has a container; libvirt makes folders of its own below a VM's scope. The path is cut up.
 */
static const char *first_unit(char *path)
{
	char *save = NULL;

	for (char *name = strtok_r(path, "/", &save); name; name = strtok_r(NULL, "/", &save))
		if (is_unit(name))
			return name;
	return NULL;
}

/* The path in a line of /proc/PID/cgroup (cgroups(7)) if it is of systemd's hierarchy. */
static char *cgroup_path(char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return NULL;
	*path++ = '\0';
	return str_eq(line, "0:") || str_eq(controllers, ":name=systemd") ? path : NULL;
}

const char *process_unit(const struct host *host, pid_t pid)
{
	const char *unit = NULL;
	char *text, *save = NULL;
	size_t len = 0;

	if (host_read(host, process_path(host->arena, pid, "cgroup"), &text, &len) < 0)
		return NULL;
	for (char *line = strtok_r(text, "\n", &save); line && !unit;
	     line = strtok_r(NULL, "\n", &save)) {
		char *path = cgroup_path(line);

		unit = path ? first_unit(path) : NULL;
	}
	return unit;
}

const char *process_unit_text(struct arena *a, const char *unit)
{
	static const char user[] = "user@", service[] = ".service";
	size_t digits = str_starts(unit, user) ? strspn(unit + strlen(user), "0123456789") : 0;

	if (digits && str_eq(unit + strlen(user) + digits, service))
		return arena_printf(a, "user %.*s, in %s", (int)digits, unit + strlen(user), unit);
	return arena_printf(a, "unit %s", str_printable(a, unit));
}

pid_t process_named(const struct host *host, const char *name)
{
	const char *cut = arena_strndup(host->arena, name, strnlen(name, 15));
	struct strv pids = { 0 };

	sysfs_list(host, "/proc", &pids);
	for (size_t i = 0; i < pids.n; i++) {
		pid_t pid = (pid_t)strtol(pids.v[i], NULL, 10);
		const char *command = pid > 0 ? process_command(host, pid) : NULL;

		if (command && str_eq(command, cut))
			return pid;
	}
	return 0;
}

int process_variable(const struct host *host, pid_t pid, const char *name, const char **value)
{
	size_t len = 0, n = strlen(name);
	char *text;
	int rc = host_read(host, process_path(host->arena, pid, "environ"), &text, &len);

	*value = NULL;
	for (size_t at = 0; rc == 0 && at < len; at += strlen(text + at) + 1)
		if (strncmp(text + at, name, n) == 0 && text[at + n] == '=')
			*value = text + at + n + 1;
	return rc;
}

/* Milliseconds since 1970 at the boot. */
static long long boot_ms(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return ((now.tv_sec - up.tv_sec) * 1000000000LL + now.tv_nsec - up.tv_nsec) / 1000000;
}

/* The start of a process is given in ticks after the boot. */
const char *process_since(struct arena *a, struct process p)
{
	long hz = sysconf(_SC_CLK_TCK);
	time_t when = (time_t)((boot_ms() + (long long)p.start * 1000 / hz) / 1000);

	return utc_text(a, when);
}
