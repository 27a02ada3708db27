/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "pciaddr.h"
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

const char *host_pci_address(struct arena *a, const char *address)
{
	return pciaddr_spell(a, address);
}

const char *host_pci_id(const struct host *host, const char *address)
{
	_cleanup_fd_ int folder = -1;
	unsigned vendor, device;

	address = host_pci_address(host->arena, address);
	if (!address)
		return NULL;
	folder = sysfs_folder(host, pci_attribute_path(host->arena, address, ""));
	if (folder < 0 || !sysfs_hex_at(host->arena, folder, "vendor", &vendor) ||
	    !sysfs_hex_at(host->arena, folder, "device", &device))
		return NULL;
	return arena_printf(host->arena, "%04x:%04x", vendor, device);
}

const char *host_pci_in_path(const char *path)
{
	return str_starts(path, PCI_DEVICES "/") ? path + strlen(PCI_DEVICES "/") : NULL;
}

const char *host_mdev_path(struct arena *a, const char *uuid)
{
	return arena_printf(a, "/sys/bus/mdev/devices/%s", uuid);
}

bool host_has_mdev(const struct host *host, const char *uuid)
{
	return sysfs_has_at(AT_FDCWD, root_path(host, host_mdev_path(host->arena, uuid)));
}

bool host_has_module(const struct host *host, const char *name)
{
	return sysfs_has_at(AT_FDCWD,
			    root_path(host, arena_printf(host->arena, "/sys/module/%s", name)));
}

void host_pci_functions(const struct host *host, const char *address, struct strv *functions)
{
	address = host_pci_address(host->arena, address);
	if (strchr(address, '.')) {
		strv_push(host->arena, functions, address);
		return;
	}
	for (int f = 0; f < 8; f++) {
		const char *function = arena_printf(host->arena, "%s.%d", address, f);

		if (sysfs_has_at(AT_FDCWD,
				 root_path(host, pci_attribute_path(host->arena, function, ""))))
			strv_push(host->arena, functions, function);
	}
}

const char *host_pci_driver(const struct host *host, const char *address)
{
	const char *link = pci_attribute_path(host->arena, address, "driver");

	return sysfs_link_at(host->arena, AT_FDCWD, root_path(host, link));
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
