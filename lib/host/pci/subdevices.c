/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/subdevices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

/* A disk behind five USB hubs is about 20 folders down. */
#define DEPTH_MAX 32

#define NVIDIA_MAJOR 195 /* NV_MAJOR_DEVICE_NUMBER of the driver's nv-linux.h */

struct walk {
	struct arena *a;
	struct subdevices *below;
	struct strv controllers; /* nvme0 */
	int error;		 /* of the first directory that exists and could not be read */
};

/* Folders without device numbers in them, some of which are large. */
static const char *const barren[] = { "iommu", "mq", "msi_irqs", "power", "statistics" };

/* Members of a class are in a folder of its name: get_device_parent(), drivers/base/core.c. */
struct class {
	const char *name, *prefix;
	bool barren; /* a network interface has folders for each queue, and no device node */
	enum { INTERFACES, FRAMEBUFFERS, CONTROLLERS } kind;
};

static const struct class classes[] = {
	{ "net", "", true, INTERFACES },
	{ "graphics", "fb", false, FRAMEBUFFERS },
	{ "nvme", "nvme", false, CONTROLLERS },
};

static struct strv *members(struct walk *w, const struct class *class)
{
	switch (class->kind) {
	case INTERFACES:
		return &w->below->interfaces;
	case FRAMEBUFFERS:
		return &w->below->framebuffers;
	default:
		return &w->controllers;
	}
}

static const struct class *class_of(const char *folder, const char *child)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (str_eq(classes[i].name, folder) && str_starts(child, classes[i].prefix))
			return &classes[i];
	return NULL;
}

static void add_node(struct arena *a, struct nodes *nodes, struct node node)
{
	*arena_push(a, nodes->v, nodes->n, nodes->cap) = node;
}

/*
 * A file that was removed in the meantime, or is a link, hides no device node. Every other
 * error may hide one.
 */
static void walk_failed(struct walk *w, int error)
{
	if (error && error != ENOENT && error != ELOOP && error != ENOTDIR && !w->error)
		w->error = error;
}

/* "8:1" of a dev file. 0 or -errno. */
static int read_number(struct arena *a, int at, const char *name, dev_t *dev)
{
	const char *text = sysfs_text_at(a, at, name);
	unsigned major, minor;

	if (!text)
		return -errno;
	if (sscanf(text, "%9u:%9u", &major, &minor) != 2)
		return -EBADMSG;
	*dev = makedev(major, minor);
	return 0;
}

/* usb_devnode() of drivers/usb/core/usb.c: bus/usb/001/004. */
static const char *usb_name(struct arena *a, int folder, const char *name)
{
	const char *bus = sysfs_text_at(a, folder, "busnum");
	const char *device = sysfs_text_at(a, folder, "devnum");

	if (!bus || !device)
		return arena_strdup(a, name);
	return arena_printf(a, "bus/usb/%03d/%03d", atoi(bus), atoi(device));
}

/* Classes whose device nodes are in a directory of /dev: the devnode() of each. */
static const struct home {
	const char *subsystem, *folder;
} homes[] = {
	{ "bsg", "bsg/" },
	{ "drm", "dri/" },
	{ "infiniband_mad", "infiniband/" },
	{ "infiniband_verbs", "infiniband/" },
	{ "input", "input/" },
	{ "sound", "snd/" },
	{ "vfio-dev", "vfio/devices/" },
};

/*
 * As devtmpfs calls it. Its uevent says so too (DEVNAME), but in some kernels reading it
 * takes the device's lock (uevent_show() of drivers/base/core.c), which a stuck driver holds.
 */
static const char *node_name(struct arena *a, int folder, const char *subsystem, const char *name)
{
	if (subsystem && str_eq(subsystem, "usb"))
		return usb_name(a, folder, name);
	for (size_t i = 0; subsystem && i < sizeof(homes) / sizeof(*homes); i++)
		if (str_eq(homes[i].subsystem, subsystem))
			return arena_printf(a, "%s%s", homes[i].folder, name);
	return arena_strdup(a, name);
}

/* The last name in the target of a link of sysfs; NULL if it is missing or cannot be read. */
static const char *link_name(struct walk *w, int folder, const char *name)
{
	const char *to = sysfs_link_at(w->a, folder, name);

	if (!to)
		walk_failed(w, errno);
	return to;
}

static void read_node(struct walk *w, int folder, const char *name, bool partition)
{
	const char *subsystem = link_name(w, folder, "subsystem");
	bool block = subsystem && str_eq(subsystem, "block");
	dev_t dev = 0;
	int rc = read_number(w->a, folder, "dev", &dev);

	if (rc < 0) {
		walk_failed(w, -rc);
		return;
	}
	add_node(w->a, &w->below->nodes,
		 (struct node){ .dev = dev,
				.block = block,
				.name = node_name(w->a, folder, subsystem, name),
				.kind = holder_kind_of(subsystem, name, block) });
	if (block && !partition)
		strv_push(w->a, &w->below->disks, arena_strdup(w->a, name));
}

static void walk_folder(struct walk *w, int fd, const char *name, int depth);

static void walk_child(struct walk *w, int parent, const char *folder, const char *name, int depth)
{
	const struct class *class = class_of(folder, name);
	int fd;

	if (str_eq(name, ".") || str_eq(name, "..") || pci_is_address(name))
		return;
	if (!class && STR_AMONG(barren, name)) /* an interface may be named "power" */
		return;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		walk_failed(w, errno);
		return;
	}
	if (class)
		strv_push(w->a, members(w, class), arena_strdup(w->a, name));
	if (depth < DEPTH_MAX && !(class && class->barren))
		walk_folder(w, fd, name, depth + 1);
	else
		close(fd);
}

/* fd becomes ours. */
static void walk_folder(struct walk *w, int fd, const char *name, int depth)
{
	bool node = false, partition = false;
	DIR *folder = fdopendir(fd);
	struct dirent *entry;

	if (!folder) {
		walk_failed(w, errno);
		close(fd);
		return;
	}
	while (errno = 0, (entry = readdir(folder))) {
		node |= str_eq(entry->d_name, "dev");
		partition |= str_eq(entry->d_name, "partition");
		if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
			walk_child(w, dirfd(folder), name, entry->d_name, depth);
	}
	walk_failed(w, errno);
	if (node)
		read_node(w, dirfd(folder), name, partition);
	closedir(folder);
}

#define SUBSYSTEMS "/sys/class/nvme-subsystem"

static bool has_controller(const struct walk *w, int subsystem)
{
	for (size_t i = 0; i < w->controllers.n; i++)
		if (sysfs_has_at(subsystem, w->controllers.v[i]))
			return true;
	return false;
}

/*
 * With multipath, what hangs below the controller is a hidden path (nvme0c0n1,
 * without a number), and the disk that people open hangs below the subsystem,
 * which links to its controllers (drivers/nvme/host/multipath.c).
 */
static void walk_subsystems(struct walk *w, const struct host *host)
{
	struct strv names = { 0 };

	if (w->controllers.n)
		walk_failed(w, -sysfs_list(host, SUBSYSTEMS, &names));
	for (size_t i = 0; i < names.n; i++) {
		int fd = sysfs_folder(host, arena_printf(w->a, SUBSYSTEMS "/%s", names.v[i]));

		if (fd < 0) {
			walk_failed(w, -fd);
			continue;
		}
		if (has_controller(w, fd))
			walk_folder(w, fd, names.v[i], 0);
		else
			close(fd);
	}
}

static void add_shared(const struct host *host, struct nodes *nodes, dev_t dev, const char *name)
{
	add_node(host->arena, nodes,
		 (struct node){ .dev = dev, .name = name, .kind = HOLDER_NVIDIA });
}

/* "511 nvidia-uvm" of /proc/devices, whose number the kernel chooses. */
static void add_uvm(const struct host *host, struct nodes *nodes)
{
	const char *line = NULL;
	char *text, *at;
	size_t len;

	if (host_read(host, "/proc/devices", &text, &len) < 0)
		return;
	at = strstr(text, " nvidia-uvm\n");
	for (line = at; line && line > text && line[-1] != '\n'; line--)
		;
	if (line)
		add_shared(host, nodes, makedev((unsigned)strtoul(line, NULL, 10), 0), "nvidia-uvm");
}

/*
 * nvidiactl, nvidia-modeset and nvidia-uvm are of all cards. Who has one of them open uses this
 * card where it is the only one that the driver has.
 */
static void add_shared_nvidia(const struct host *host, struct nodes *nodes)
{
	struct strv bound = { 0 };
	size_t cards = 0;

	if (sysfs_list(host, "/sys/bus/pci/drivers/nvidia", &bound) < 0)
		return;
	for (size_t i = 0; i < bound.n; i++)
		cards += pci_is_address(bound.v[i]);
	if (cards != 1)
		return;
	add_shared(host, nodes, makedev(NVIDIA_MAJOR, 255), "nvidiactl");
	add_shared(host, nodes, makedev(NVIDIA_MAJOR, 254), "nvidia-modeset");
	add_uvm(host, nodes);
}

/* 0 or -errno. */
static int add_nvidia(const struct host *host, const char *address, struct nodes *nodes)
{
	static const char key[] = "Device Minor:";
	const char *line;
	unsigned minor;
	size_t len;
	char *text;
	int rc = host_read(host,
			   arena_printf(host->arena, "/proc/driver/nvidia/gpus/%s/information",
					address),
			   &text, &len);

	if (rc < 0)
		return rc;
	line = strstr(text, key);
	if (line && sscanf(line + strlen(key), "%9u", &minor) == 1)
		add_node(host->arena, nodes,
			 (struct node){ .dev = makedev(NVIDIA_MAJOR, minor),
					.name = arena_printf(host->arena, "nvidia%u", minor),
					.kind = HOLDER_NVIDIA });
	add_shared_nvidia(host, nodes);
	return 0;
}

static void sort_all(struct subdevices *b)
{
	strv_sort(&b->disks);
	strv_sort(&b->interfaces);
	strv_sort(&b->framebuffers);
}

int subdevices_read(const struct host *host, const char *address, struct subdevices *b)
{
	struct walk w = { .a = host->arena, .below = b };
	int fd = sysfs_folder(host, pci_attribute_path(host->arena, address, ""));
	const char *driver;

	*b = (struct subdevices){ 0 };
	if (fd < 0)
		return fd;
	driver = link_name(&w, fd, "driver");
	walk_folder(&w, fd, address, 0);
	walk_subsystems(&w, host);
	if (driver && str_eq(driver, "nvidia"))
		walk_failed(&w, -add_nvidia(host, address, &b->nodes));
	sort_all(b);
	return -w.error;
}

int subdevices_below(const struct host *host, const char *path, struct subdevices *b)
{
	struct walk w = { .a = host->arena, .below = b };
	int fd = sysfs_folder(host, path);

	*b = (struct subdevices){ 0 };
	if (fd < 0)
		return fd;
	walk_folder(&w, fd, "", 0);
	sort_all(b);
	return -w.error;
}

int subdevices_of_disk(const struct host *host, const char *name, struct subdevices *b)
{
	return subdevices_below(host, arena_printf(host->arena, "/sys/class/block/%s", name), b);
}

int subdevices_add_vfio(const struct host *host, int group, struct nodes *nodes)
{
	const char *path = arena_printf(host->arena, "/sys/class/vfio/%d/dev", group);
	dev_t dev = 0;
	int rc = read_number(host->arena, AT_FDCWD, root_path(host, path), &dev);

	if (rc == 0)
		add_node(host->arena, nodes,
			 (struct node){ .dev = dev,
					.name = arena_printf(host->arena, "vfio/%d", group),
					.kind = HOLDER_VFIO });
	return rc == -ENOENT ? 0 : rc;
}
