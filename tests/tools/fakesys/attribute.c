/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/attribute.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>

#include "arena.h"
#include "cleanup.h"
#include "str.h"
#include "tests/tools/fakesys/device.h"
#include "tests/tools/fakesys/devlock.h"
#include "tests/tools/fakesys/fault.h"
#include "tests/tools/fakesys/mdev.h"
#include "tests/tools/fakesys/pool.h"
#include "tests/tools/fakesys/tree.h"

/* ---- what a write does. path is the file's, text what was written without its newline. */

/* "/bus/pci/…": pci */
static char *bus_of(struct arena *a, const char *path)
{
	const char *bus = path + strlen("/bus/");

	return arena_strndup(a, bus, strcspn(bus, "/"));
}

static int write_bind(struct arena *a, const char *path, const char *text)
{
	struct device d;
	int rc = device_find(a, bus_of(a, path), text, &d);

	return rc < 0 ? rc : device_bind(a, &d, path_name(path_folder(a, path)));
}

static int write_unbind(struct arena *a, const char *path, const char *text)
{
	struct device d;
	int rc = device_find(a, bus_of(a, path), text, &d);

	return rc < 0 ? rc : device_unbind(a, &d, path_name(path_folder(a, path)));
}

static int write_probe(struct arena *a, const char *path, const char *text)
{
	struct device d;
	int rc = device_find(a, bus_of(a, path), text, &d);

	return rc < 0 ? rc : device_probe(a, &d);
}

static int store(struct arena *a, const char *path, const char *text)
{
	const char *backing = tree_find(a, path);

	return backing ? tree_put(backing, text) : -ENODEV;
}

static int write_override(struct arena *a, const char *path, const char *text)
{
	return store(a, path, *text ? text : "(null)");
}

static int write_numvfs(struct arena *a, const char *path, const char *text)
{
	struct device d;
	int rc = device_find(a, "pci", path_name(path_folder(a, path)), &d);

	return rc < 0 ? rc : device_set_vfs(a, &d, text);
}

static int write_remove(struct arena *a, const char *path, const char *text)
{
	struct device d;
	int rc = device_find(a, "pci", path_name(path_folder(a, path)), &d);

	return rc < 0 || !str_eq(text, "1") ? rc : device_remove(a, &d);
}

static int write_rescan(struct arena *a, const char *path, const char *text)
{
	return str_eq(text, "1") ? device_rescan(a, path_name(path_folder(a, path))) : 0;
}

static int write_control(struct arena *a, const char *path, const char *text)
{
	return str_eq(text, "on") || str_eq(text, "auto") ? store(a, path, text) : -EINVAL;
}

static int write_flag(struct arena *a, const char *path, const char *text)
{
	int flag = str_eq(text, "1") ? 1 : str_eq(text, "0") ? 0 : str_to_bool(text);

	return flag < 0 ? -EINVAL : store(a, path, flag ? "1" : "0");
}

/* ---- the files */

enum locks { LOCKS_NOTHING, LOCKS_FOLDER, LOCKS_FOLDER_ABOVE, LOCKS_NAMED };

static const struct attribute {
	const char *glob;
	enum locks locks; /* the device of the file's folder, or the one that the text names */
	int (*write)(struct arena *a, const char *path, const char *text);
} attributes[] = {
	{ "/bus/*/drivers/*/bind", LOCKS_NAMED, write_bind },
	{ "/bus/*/drivers/*/unbind", LOCKS_NAMED, write_unbind },
	{ "/bus/*/drivers_probe", LOCKS_NAMED, write_probe },
	{ "*/driver_override", LOCKS_FOLDER, write_override },
	{ "*/sriov_numvfs", LOCKS_FOLDER, write_numvfs },
	{ "*/power/control", LOCKS_FOLDER_ABOVE, write_control },
	{ "*/d3cold_allowed", LOCKS_NOTHING, write_flag },
	{ "*/vtconsole/*/bind", LOCKS_NOTHING, write_flag },
	{ "*/mdev_supported_types/*/create", LOCKS_NOTHING, mdev_create },
	{ "*/hugepages-*kB/nr_hugepages", LOCKS_NOTHING, pool_resize },
	{ "*-*-*-*-*/remove", LOCKS_NOTHING, mdev_remove },
	{ "*:*.[0-7]/remove", LOCKS_NOTHING, write_remove },
	{ "*/pci_bus/*/rescan", LOCKS_NOTHING, write_rescan },
	{ "*", LOCKS_NOTHING, store },
};

static const struct attribute *attribute_of(const char *path)
{
	const struct attribute *t = attributes;

	while (fnmatch(t->glob, path, 0) != 0)
		t++;
	return t;
}

static struct devlock *lock_named(struct arena *a, const char *path, const char *text)
{
	struct device d;
	bool found;

	pthread_mutex_lock(&tree_lock);
	found = device_find(a, bus_of(a, path), text, &d) == 0;
	pthread_mutex_unlock(&tree_lock);
	return found ? devlock_take(d.path) : NULL;
}

static struct devlock *lock_for(struct arena *a, const char *path, const char *text,
				enum locks locks)
{
	const char *folder = path_folder(a, path);

	switch (locks) {
	case LOCKS_FOLDER:
		return devlock_take(folder);
	case LOCKS_FOLDER_ABOVE:
		return devlock_take(path_folder(a, folder));
	case LOCKS_NAMED:
		return lock_named(a, path, text);
	case LOCKS_NOTHING:
		break;
	}
	return NULL;
}

static int write_locked(struct arena *a, const struct attribute *t, struct operation *o)
{
	enum fault_kind fault = fault_before(a, o);

	if (fault == FAULT_ERROR || fault == FAULT_LIE)
		return o->result;
	pthread_mutex_lock(&tree_lock);
	o->result = t->write(a, o->path, o->text);
	pthread_mutex_unlock(&tree_lock);
	if (fault == FAULT_KILL)
		fault_kill(a);
	return o->result;
}

int attribute_write(struct arena *a, const char *path, const char *bytes, size_t len)
{
	const struct attribute *t = attribute_of(path);
	const char *text = arena_strndup(a, bytes, len);
	struct operation o = { .op = "write", .path = path, .begin = fault_now() };
	struct devlock *lock;
	int rc;

	o.text = arena_strndup(a, text, strcspn(text, "\n"));
	lock = lock_for(a, path, o.text, t->locks);
	rc = write_locked(a, t, &o);
	fault_log(&o, o.note ? o.note : fault_result(a, rc));
	devlock_drop(lock);
	return rc < 0 ? rc : (int)len;
}

static int read_file(struct arena *a, const char *path, char **bytes)
{
	static const size_t most = 65536;
	const char *backing = tree_find(a, path);
	_cleanup_fd_ int fd = backing ? open(backing, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t len;

	if (fd < 0)
		return backing ? -errno : -ENODEV;
	*bytes = arena_raw(a, most);
	len = read(fd, *bytes, most);
	return len < 0 ? -errno : (int)len;
}

/* driver_override_show() takes the device's lock until 6.19, sriov_numvfs_show() since 6.18. */
static bool read_locks(const char *path)
{
	const char *name = path_name(path);

	return str_eq(name, "driver_override") || str_eq(name, "sriov_numvfs");
}

int attribute_read(struct arena *a, const char *path, bool first, char **bytes)
{
	struct devlock *lock = read_locks(path) ? devlock_take(path_folder(a, path)) : NULL;
	struct operation o = { .op = "read", .path = path, .text = "", .begin = fault_now() };
	enum fault_kind fault = first ? fault_before(a, &o) : FAULT_NONE;

	if (fault != FAULT_ERROR && fault != FAULT_LIE) {
		pthread_mutex_lock(&tree_lock);
		o.result = read_file(a, path, bytes);
		pthread_mutex_unlock(&tree_lock);
	}
	if (fault == FAULT_KILL)
		fault_kill(a);
	devlock_drop(lock);
	return o.result;
}

int attribute_open(struct arena *a, const char *path)
{
	struct operation o = { .op = "open", .path = path, .text = "", .begin = fault_now() };

	if (fault_before(a, &o) == FAULT_KILL)
		fault_kill(a);
	return o.result;
}
