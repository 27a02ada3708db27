/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/credentials.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

/* The values behind "KEY:" at the begin of a line; NULL if there is none. */
static const char *values_of(const char *status, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0)
			return line + len;
	}
	return NULL;
}

/* Real, effective, saved, file system: proc_pid_status() of fs/proc/array.c. */
bool credentials_same_uid(const char *status, uid_t *uid)
{
	const char *values = values_of(status, "Uid:");
	unsigned v[4];

	if (!values || sscanf(values, "%u %u %u %u", &v[0], &v[1], &v[2], &v[3]) != 4)
		return false;
	*uid = v[0];
	return v[1] == v[0] && v[2] == v[0] && v[3] == v[0];
}

/* Linux 4.1; before that, none is known to be nested. */
bool credentials_is_nested(const char *status)
{
	const char *values = values_of(status, "NSpid:");
	unsigned v[2];

	return values && sscanf(values, "%u %u", &v[0], &v[1]) == 2;
}

/*
 * libvirt's names: "machine-qemu\x2d3\x2dweb.scope" by systemd-machined, in machine.slice or
 * the slice of <resource><partition>; without systemd "qemu-3-web.libvirt-qemu", in "machine"
 * or a partition (virSystemdMakeScopeName(), virCgroupNewDomainPartition()).
 */
static bool is_libvirts(const char *name, size_t len)
{
	static const char scope[] = ".scope", plain[] = ".libvirt-qemu";

	if (len > strlen(scope) && strncmp(name, "machine-qemu", strlen("machine-qemu")) == 0)
		return strncmp(name + len - strlen(scope), scope, strlen(scope)) == 0;
	return len > strlen(plain) &&
	       strncmp(name + len - strlen(plain), plain, strlen(plain)) == 0;
}

/* A user's own systemd, and a service with Delegate=, make folders as they like. */
static bool is_others(const char *name, size_t len)
{
	static const char service[] = ".service";

	return (len >= 4 && strncmp(name, "user", 4) == 0) ||
	       (len > strlen(service) &&
		strncmp(name + len - strlen(service), service, strlen(service)) == 0);
}

static void judge_path(const char *path, size_t len, bool *anywhere, bool *roots)
{
	const char *end = path + len;
	bool others = false;

	while (path < end) {
		size_t n = strcspn(path, "/\n");

		if (is_libvirts(path, n)) {
			*anywhere = true;
			*roots |= !others;
		}
		others |= is_others(path, n);
		path += n + 1;
	}
}

/* Lines "5:devices:/machine/…" or "0::/machine.slice/…", cgroups(7). */
void credentials_cgroup(const char *cgroup, bool *anywhere, bool *roots)
{
	*anywhere = *roots = false;
	while (*cgroup) {
		size_t len = strcspn(cgroup, "\n");
		const char *path = memchr(cgroup, '/', len);

		if (path)
			judge_path(path, len - (size_t)(path - cgroup), anywhere, roots);
		cgroup += len + (cgroup[len] == '\n');
	}
}
