/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/iommu is root's and 0660 (iommu_misc_dev of Linux). All VMs share it, so the hook gives it
 * to nobody: the admin lets the group of QEMU have it once, as with /dev/kvm.
 */
#include "hooks/iommunode.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "arena.h"
#include "err.h"
#include "hooks/domain/domain.h"
#include "hooks/limits.h"
#include "host/vfiocdev.h"
#include "root.h"
#include "str.h"

#define GROUPS_MAX 256
#define ENTRY_MAX ((size_t)1 << 16)
#define READ_WRITE 6U

/* As libvirt starts QEMU: with all groups of its user (virGetGroupList()). */
static bool has_group(struct arena *a, uid_t uid, gid_t gid, gid_t wanted)
{
	gid_t *groups = arena_raw(a, GROUPS_MAX * sizeof(*groups));
	struct passwd entry, *found = NULL;
	int n = GROUPS_MAX;

	if (gid == wanted)
		return true;
	if (getpwuid_r(uid, &entry, arena_raw(a, ENTRY_MAX), ENTRY_MAX, &found) != 0 || !found ||
	    getgrouplist(entry.pw_name, gid, groups, &n) < 0)
		return false;
	for (int i = 0; i < n; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* With an access control list, more may open it than its mode says. */
static bool may_open(const struct host *host, const struct domain *d, const struct stat *st)
{
	unsigned bits = st->st_mode;

	if (!d->has_owner || d->uid == 0 ||
	    getxattr(root_path(host, IOMMUFD_NODE), "system.posix_acl_access", NULL, 0) > 0)
		return true;
	if (d->uid == st->st_uid)
		bits >>= 6;
	else if (has_group(host->arena, d->uid, d->gid, st->st_gid))
		bits >>= 3;
	return (bits & READ_WRITE) == READ_WRITE;
}

static int check_mode(const struct host *host, const struct domain *d, struct err *err)
{
	struct stat st;

	if (stat(root_path(host, IOMMUFD_NODE), &st) < 0)
		return err_set(err, errno, IOMMUFD_NODE ": %s", err_reason(errno));
	if (may_open(host, d, &st))
		return 0;
	return err_set(err, EACCES,
		       "QEMU runs as %u:%u and cannot open " IOMMUFD_NODE " (owner %u:%u, mode "
		       "%04o); put this line in /etc/udev/rules.d/60-iommu.rules, and run `udevadm "
		       "control --reload` and `udevadm trigger " IOMMUFD_NODE "`: KERNEL==\"iommu\", "
		       "GROUP=\"%u\", MODE=\"0660\"",
		       (unsigned)d->uid, (unsigned)d->gid, (unsigned)st.st_uid,
		       (unsigned)st.st_gid, (unsigned)st.st_mode & 07777, (unsigned)d->gid);
}

int iommunode_check(const struct host *host, pid_t daemon, const struct domain *d,
		    const struct strv *nodes, struct err *err)
{
	const char *why = limits_nodes(host, daemon, nodes);

	if (why)
		return err_set(err, EACCES, "%s", why);
	return strv_has(nodes, IOMMUFD_NODE) ? check_mode(host, d, err) : 0;
}
