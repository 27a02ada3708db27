/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "root.h"
#include "str.h"

int sysfs_folder(const struct host *host, const char *path)
{
	int fd = open(root_path(host, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A single read(2) is all of it: a page at most (Documentation/filesystems/sysfs.rst). */
char *sysfs_text_at(struct arena *a, int at, const char *name)
{
	_cleanup_fd_ int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char page[4096];
	ssize_t len;

	if (fd < 0)
		return NULL;
	do {
		len = read(fd, page, sizeof(page));
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return NULL;
	if (len && page[len - 1] == '\n')
		len--;
	return arena_strndup(a, page, (size_t)len);
}

bool sysfs_hex_at(struct arena *a, int at, const char *name, unsigned *value)
{
	const char *text = sysfs_text_at(a, at, name);

	return text && sscanf(text, "0x%8x", value) == 1;
}

const char *sysfs_link_at(struct arena *a, int at, const char *name)
{
	char path[PATH_MAX];
	ssize_t len = readlinkat(at, name, path, sizeof(path) - 1);
	const char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	return arena_strdup(a, slash ? slash + 1 : path);
}

bool sysfs_has_at(int at, const char *name)
{
	return faccessat(at, name, F_OK, 0) == 0;
}

bool sysfs_lacks(const struct host *host, const char *path)
{
	return faccessat(AT_FDCWD, root_path(host, path), F_OK, 0) < 0 &&
	       (errno == ENOENT || errno == ENOTDIR || errno == ENODEV);
}

int sysfs_link_read(const struct host *host, const char *path, const char **name)
{
	errno = ENOENT;
	*name = sysfs_link(host, path);
	return *name ? 0 : -errno;
}

char *sysfs_text(const struct host *host, const char *path)
{
	return sysfs_text_at(host->arena, AT_FDCWD, root_path(host, path));
}

const char *sysfs_link(const struct host *host, const char *path)
{
	return sysfs_link_at(host->arena, AT_FDCWD, root_path(host, path));
}

bool sysfs_has(const struct host *host, const char *path)
{
	return sysfs_has_at(AT_FDCWD, root_path(host, path));
}

int sysfs_list(const struct host *host, const char *path, struct strv *names)
{
	DIR *folder = opendir(root_path(host, path));
	struct dirent *entry;
	int error;

	if (!folder)
		return -errno;
	while (errno = 0, (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			strv_push(host->arena, names, arena_strdup(host->arena, entry->d_name));
	error = errno;
	closedir(folder);
	strv_sort(names);
	return -error;
}
