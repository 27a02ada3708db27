/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RMRR of Intel, unity maps of AMD, RMR of Arm: memory that a device must always reach at its own
 * address. reserved_regions of an IOMMU group has a line "0xSTART 0xEND TYPE" for each region
 * (iommu_group_show_resv_regions() of drivers/iommu/iommu.c).
 *
 * TYPE direct: no VFIO. Intel: device_is_rmrr_locked() of drivers/iommu/intel/iommu.c refuses the
 * group. The others: require_direct of drivers/iommu/iommu.c, since Linux 6.6.
 * TYPE direct-relaxable: vfio_iommu_resv_exclude() of drivers/vfio/vfio_iommu_type1.c skips it, so
 * VFIO takes the group. It is for graphics and USB of Intel.
 *
 * Kernels of Proxmox and others have a patch that makes Intel's regions relaxable if the kernel
 * command line has relax_rmrr. Then this does not count.
 */
#include "host/pci/rmrr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "arena.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

#define TABLES "/sys/firmware/acpi/tables/"

static bool kernel_is_since(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned x = 0, y = 0;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &x, &y) != 2)
		return true;
	return x > major || (x == major && y >= minor);
}

static bool is_relaxed(const struct host *host)
{
	char *line;
	size_t len;

	return host_read(host, "/proc/cmdline", &line, &len) == 0 && strstr(line, "relax_rmrr");
}

/* A machine of AMD or Arm, which earlier kernels let VFIO have all the same. */
static bool is_other_maker(const struct host *host)
{
	return !sysfs_has(host, TABLES "DMAR") &&
	       (sysfs_has(host, TABLES "IVRS") || sysfs_has(host, TABLES "IORT"));
}

static bool counts(const struct host *host)
{
	return !is_relaxed(host) && (kernel_is_since(6, 6) || !is_other_maker(host));
}

/* The first line of type direct. */
static const char *direct_region(const struct host *host, const char *text)
{
	unsigned long long start, end;
	char type[32];

	while (text && *text) {
		const char *nl = strchr(text, '\n');

		if (sscanf(text, "%llx %llx %31s", &start, &end, type) == 3 &&
		    str_eq(type, "direct"))
			return arena_printf(host->arena, "0x%llx-0x%llx", start, end);
		text = nl ? nl + 1 : NULL;
	}
	return NULL;
}

const char *rmrr_of_group(const struct host *host, int group)
{
	const char *path, *region;

	if (group < 0)
		return NULL;
	path = arena_printf(host->arena, "/sys/kernel/iommu_groups/%d/reserved_regions", group);
	region = direct_region(host, sysfs_text(host, path));
	return region && counts(host) ? region : NULL;
}
