/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A host of files with three devices, and VMs that ask for them: the GPU and its
 * sibling are on vfio-pci already, the driver of the NVMe never lets go.
 */
#include "conf/settings.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/journal/state.h"
#include "pcitree.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define OTHER "00000000-0031-3310-8047-b3c04f4a3532"
#define VMS "run/kvmshim/vm"
#define BOOT "0f1e2d3c-0031"
#define GPU "0000:05:00.0"
#define AUDIO "0000:05:00.1"
#define NVME "0000:03:00.0"
#define MODALIAS "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02"

static inline void function(const char *address, const char *driver, int group)
{
	pcitree_function(address, MODALIAS);
	pcitree_file(address, "vendor", "0x144d\n");
	pcitree_file(address, "device", "0xa808\n");
	pcitree_driver(address, driver);
	pcitree_group(address, group);
	pcitree_file(address, "driver_override", "(null)\n");
	pcitree_file(address, "d3cold_allowed", "1\n");
	tree_file(arena_printf(&arena, "sys/bus/pci/drivers/%s/unbind", driver), "");
}

static inline void make_host(void)
{
	tree_folder("run");
	tree_file("proc/sys/kernel/random/boot_id", BOOT "\n");
	tree_folder("sys/module/vfio_iommu_type1");
	tree_file("sys/bus/pci/drivers_probe", "");
	function(GPU, "vfio-pci", 17);
	function(AUDIO, "vfio-pci", 17);
	function(NVME, "nvme", 12);
}

static struct attribute_setting d3cold = { "d3cold_allowed", "0" };
static struct device_settings sections[] = {
	{ .address = GPU, .attributes = &d3cold, .n_attributes = 1, .unbind_timeout = 10 },
};
static const char *nvme_driver[] = { "nvme" };
static const struct settings settings = {
	.path = "/etc/kvmshim/kvmshim.conf",
	.enabled = true,
	.hook = { .enabled = true, .unbind_timeout = 1, .unbind_drivers = { nvme_driver, 1, 0 } },
	.devices = sections,
	.n_devices = 1,
};

static struct host the_host;

static inline struct assignment asking(const char *uuid, const char *name)
{
	the_host = tree_host();
	return (struct assignment){
		.host = the_host,
		.settings = &settings,
		.uuid = uuid,
		.name = name,
		.daemon = process_real(&arena, getppid()),
	};
}

static inline void wish(struct assignment *h, const char *device)
{
	struct wish w = { .device = device };
	struct err err = { 0 };

	assert_int_equal(assignment_wish(h, &w, &err), 0);
}

static inline bool is_there(const char *path)
{
	return access(tree_path(path), F_OK) == 0;
}

static inline struct journal journal_of(const char *uuid)
{
	struct host host = tree_host();
	struct err err = { 0 };
	struct journal j;

	if (journal_read(&host, uuid, &j, &err) < 0)
		fail_msg("%s: %s", uuid, err.text);
	return j;
}

/* A VM that has the GPU, and whose daemon is this test's parent: it lives. */
static inline void take_gpu(const char *uuid, const char *name)
{
	struct assignment h = asking(uuid, name);
	struct err err = { 0 };

	wish(&h, GPU);
	if (assignment_make(&h, &err) < 0)
		fail_msg("%s", err.text);
}

/* As if that VM's daemon had died before it started it. */
static inline void forsake(const char *uuid)
{
	struct host host = tree_host();
	struct journal j = journal_of(uuid);
	struct err err = { 0 };
	int folder = state_open(&host, uuid, &err);

	j.daemon = (struct process){ 0 };
	assert_int_equal(journal_write(&arena, folder, &j, &err), 0);
	close(folder);
}
