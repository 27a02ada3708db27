/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/vfiocdev.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

#define CLASS "vfio-dev"
#define NODES "/dev/vfio/devices/"

const char *vfiocdev_files_of(const struct host *host, pid_t pid)
{
	return arena_printf(host->arena, "/proc/%ld/fd", (long)pid);
}

/* By the number of the device node: its path may be another one in the daemon's /dev. */
static const char *by_number(const struct host *host, const char *path)
{
	struct stat st;
	const char *entry, *class;

	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
		return NULL;
	entry = arena_printf(host->arena, "/sys/dev/char/%u:%u/", major(st.st_rdev),
			     minor(st.st_rdev));
	class = sysfs_link(host, arena_printf(host->arena, "%ssubsystem", entry));
	if (!class || !str_eq(class, CLASS))
		return NULL;
	return sysfs_link(host, arena_printf(host->arena, "%sdevice", entry));
}

static const char *by_name(const struct host *host, const char *path)
{
	size_t prefix = strlen(host->root.prefix);
	char to[PATH_MAX];
	ssize_t len = readlink(path, to, sizeof(to) - 1);
	const char *node = to;

	to[len < 0 ? 0 : len] = '\0';
	if (str_starts(to, host->root.prefix))
		node += prefix;
	if (!str_starts(node, NODES) || strchr(node + strlen(NODES), '/'))
		return NULL;
	return sysfs_link(host, arena_printf(host->arena, "/sys/class/" CLASS "/%s/device",
					     node + strlen(NODES)));
}

const char *vfiocdev_device(const struct host *host, const char *files, const char *fd)
{
	const char *path, *device;

	if (!files || !*fd || fd[strspn(fd, "0123456789")])
		return NULL;
	path = arena_printf(host->arena, "%s/%s", files, fd);
	if (!str_eq(files, VFIOCDEV_OURS))
		path = root_path(host, path);
	device = by_number(host, path);
	return device ? device : by_name(host, path);
}

const char *vfiocdev_name(const struct host *host, const char *device)
{
	const char *bus = pci_is_address(device) ? "pci" : "mdev";
	const char *of = arena_printf(host->arena, "/sys/bus/%s/devices/%s/" CLASS, bus, device);
	struct strv names = { 0 };

	sysfs_list(host, of, &names);
	for (size_t i = 0; i < names.n; i++)
		if (sysfs_has_at(AT_FDCWD, root_path(host, arena_printf(host->arena, "%s/%s/dev", of,
									names.v[i]))))
			return names.v[i];
	return NULL;
}

const char *vfiocdev_node(struct arena *a, const char *name)
{
	return arena_printf(a, NODES "%s", name);
}

void vfiocdev_next(const struct host *host, size_t n, struct strv *names)
{
	struct strv taken = { 0 };

	sysfs_list(host, "/sys/class/" CLASS, &taken);
	for (unsigned i = 0; n; i++) {
		const char *name = arena_printf(host->arena, "vfio%u", i);

		if (strv_has(&taken, name))
			continue;
		strv_push(host->arena, names, name);
		n--;
	}
}

bool vfiocdev_has_iommufd(const struct host *host)
{
	struct stat st;

	return stat(root_path(host, IOMMUFD_NODE), &st) == 0;
}
