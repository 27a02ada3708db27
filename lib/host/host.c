/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

int host_read(const struct host *host, const char *path, char **text, size_t *len)
{
	_cleanup_fd_ int fd = open(root_path(host, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct strbuf b = { .arena = host->arena };
	char buf[4096];
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, buf, sizeof(buf))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		strbuf_addn(&b, buf, (size_t)got);
	}
	strbuf_addn(&b, "", 0);
	*text = b.text;
	*len = b.len;
	return 0;
}

bool host_has_module(const struct host *host, const char *name)
{
	return sysfs_has_at(AT_FDCWD,
			    root_path(host, arena_printf(host->arena, "/sys/module/%s", name)));
}

bool host_can_unload(const struct host *host, const char *name)
{
	return host_has_module(host, arena_printf(host->arena, "%s/refcnt", name));
}

static bool has_list(const struct host *host, const char *release)
{
	return sysfs_has(host, arena_printf(host->arena, "/lib/modules/%s/modules.dep", release));
}

const char *host_lost_modules(const struct host *host)
{
	struct strv releases = { 0 };
	struct utsname kernel;

	if (uname(&kernel) < 0 || has_list(host, kernel.release))
		return NULL;
	sysfs_list(host, "/lib/modules", &releases);
	for (size_t i = 0; i < releases.n; i++)
		if (has_list(host, releases.v[i]))
			return arena_strdup(host->arena, kernel.release);
	return NULL;
}

int host_cmdline(const struct host *host, pid_t pid, struct strv *argv)
{
	size_t len = 0;
	char *text;
	int rc = host_read(host, arena_printf(host->arena, "/proc/%ld/cmdline", (long)pid), &text,
			   &len);

	if (rc < 0)
		return rc;
	for (size_t at = 0; at < len; at += strlen(text + at) + 1)
		strv_push(host->arena, argv, text + at);
	return 0;
}

/* A program replaced while it starts is "PATH (deleted)": PATH is what we want. */
const char *host_self_exe(struct arena *a)
{
	static const char gone[] = " (deleted)";
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct stat st;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	if (str_ends(path, gone) && stat(path, &st) < 0)
		path[(size_t)len - strlen(gone)] = '\0';
	return arena_strdup(a, path);
}
