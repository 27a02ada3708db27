/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount of 9p or virtiofs has no disk below the function, and an unbind of virtio-pci waits
 * for it, or leaves a file system whose server is gone.
 */
#include "host/use/usesvirtio.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "host/use/mounts.h"
#include "root.h"
#include "str.h"

#define VIRTIOFS "/sys/fs/virtiofs"
#define DRIVER_9P "9pnet_virtio"
#define DRIVER_VIRTIOFS "virtiofs"

/* A device below the function with one of the two drivers. */
struct share {
	const char *type; /* of its mounts */
	const char *tag;  /* as the source of a mount; NULL: any */
};

/* virtio_fs_add_instance() of fs/fuse/virtio_fs.c: N/tag, and N/device links to the device. */
static const char *virtiofs_tag(const struct host *host, const char *device)
{
	struct strv all = { 0 };

	sysfs_list(host, VIRTIOFS, &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *at = arena_printf(host->arena, VIRTIOFS "/%s", all.v[i]);

		if (str_same(sysfs_link(host, arena_printf(host->arena, "%s/device", at)), device))
			return sysfs_text(host, arena_printf(host->arena, "%s/tag", at));
	}
	return NULL;
}

/* p9_mount_tag_show() of net/9p/trans_virtio.c. */
static bool is_share(const struct host *host, const char *address, const char *device,
		     struct share *s)
{
	const char *at = pci_attribute_path(host->arena, address, device);
	const char *driver = sysfs_link(host, arena_printf(host->arena, "%s/driver", at));

	if (driver && str_eq(driver, DRIVER_9P))
		*s = (struct share){ "9p", sysfs_text(host, arena_printf(host->arena,
									 "%s/mount_tag", at)) };
	else if (driver && str_eq(driver, DRIVER_VIRTIOFS))
		*s = (struct share){ "virtiofs", virtiofs_tag(host, device) };
	else
		return false;
	return true;
}

/* 9p has other transports, and names them in its options (p9_show_client_options()). */
static bool is_elsewhere(const char *options)
{
	const char *trans = strstr(options, "trans=");

	return trans && !str_starts(trans, "trans=virtio");
}

static bool is_mount_of(const struct mount *m, const struct share *s)
{
	return str_eq(m->type, s->type) && (!s->tag || str_eq(m->source, s->tag)) &&
	       !(str_eq(m->type, "9p") && is_elsewhere(m->options));
}

static void add_mounts(const struct host *host, const struct share *s, struct strv *uses)
{
	struct mounts mounts;
	int rc = mounts_read(host, &mounts);

	if (rc < 0)
		strv_push(host->arena, uses,
			  arena_printf(host->arena,
				       "/proc/self/mountinfo cannot be read (%s), so the mounts of "
				       "its %s device are unknown",
				       err_reason(-rc), s->type));
	for (size_t i = 0; i < mounts.n; i++)
		if (is_mount_of(&mounts.v[i], s))
			strv_push(host->arena, uses,
				  arena_printf(host->arena, "%s (%s) is mounted on %s",
					       mounts.v[i].source, s->type, mounts.v[i].where));
}

void uses_of_virtio(const struct host *host, const char *address, struct strv *uses)
{
	struct strv names = { 0 };
	struct share share;

	sysfs_list(host, pci_attribute_path(host->arena, address, ""), &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_starts(names.v[i], "virtio") &&
		    is_share(host, address, names.v[i], &share))
			add_mounts(host, &share, uses);
}
