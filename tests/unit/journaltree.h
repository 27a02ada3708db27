/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A journal with each op in it, to be written, spoiled and read in a test's own folder. */
#include <sys/stat.h>

#include "err.h"
#include "file.h"
#include "hooks/journal/journal.h"
#include "hooks/journal/state.h"
#include "tree.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define OTHER "00000000-0031-3310-8047-b3c04f4a3532"
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define VMS "run/kvmshim/vm"
#define FOLDER VMS "/" UUID
#define FILE_ FOLDER "/journal.json"
#define GPU "0000:05:00.0"

static struct journal_device devices[] = {
	{ HOSTDEV_PCI, ROLE_HOSTDEV, GPU, "nvidia", "vfio-pci", NULL, 17 },
	{ HOSTDEV_PCI, ROLE_GRANT, "10000:e1:00.7", NULL, "vfio-pci", "50-gpu.ini:a \"rule\"", 0 },
	{ HOSTDEV_MDEV, ROLE_MANAGED, MDEV, NULL, NULL, NULL, -1 },
};

static struct step steps[] = {
	{ OP_UNIT, 0, NULL, "dev-disk-by\\x2did@1.service", NULL, NULL, true, 12.5 },
	{ OP_MODULE, 0, NULL, "vfio_iommu_type1", NULL, NULL, true, 0 },
	{ OP_FREE, 1, GPU, NULL, NULL, NULL, true, 1.25 },
	{ OP_VTCON, 1, NULL, "vtcon1", NULL, NULL, true, 0.001 },
	{ OP_PLATFORM, 1, NULL, "efi-framebuffer.0", NULL, "efi-framebuffer", true, 1 },
	{ OP_ATTRIBUTE, 1, GPU, "power/control", "on", "auto", true, 1 },
	{ OP_ATTRIBUTE, 1, GPU, "reset_method", "bus", "", true, 1 },
	{ OP_OVERRIDE, 1, GPU, NULL, "vfio-pci", "", true, 1 },
	{ OP_UNBIND, 1, GPU, NULL, NULL, "nvidia", true, 1 },
	{ OP_PROBE, 1, GPU, NULL, "vfio-pci", "nvidia" },
	{ OP_PROBE, 2, "10000:e1:00.7", NULL, "vfio-pci", NULL },
	{ OP_MDEV, 2, GPU, MDEV, "nvidia-63", NULL },
	{ OP_VGPU, 2, GPU, NULL, "1178", "0" },
	{ OP_NODE, 2, NULL, "17", "64055:64055", "0:0" },
	{ OP_HUGEPAGES, 0, NULL, "node1/hugepages-2048kB", "512", "0", true, 700 },
	{ OP_VF, 1, GPU, "vf-vlan", "100 qos=3 proto=802.1ad", "0", true, 1 },
	{ OP_VF, 1, GPU, "vf-node-guid", "00:11:22:33:44:55:66:77", NULL, true, 1 },
};

static struct stuck stuck[] = {
	{ GPU, OP_UNBIND, { 4242, 987654321012ULL } },
	{ NULL, OP_VTCON, { 1, 0 } },
};

static struct promise memory[] = {
	{ 2048, "1", 512 },
	{ 1048576, NULL, 4 },
	{ MEMORY_NORMAL, "0-1,3", 262144 },
};

static inline struct journal good(void)
{
	return (struct journal){
		.kind = JOURNAL_VM,
		.state = STATE_BINDING,
		.uuid = UUID,
		.name = "web 1",
		.boot = "0f1e2d3c-0031-3310-8047-b3c04f4a3532",
		.created = "2026-11-21T14:03:05Z",
		.daemon = { 1000, 2000 },
		.qemu = { 3000, 4000 },
		.devices = devices,
		.n_devices = UNIT_COUNT(devices),
		.steps = steps,
		.n_steps = UNIT_COUNT(steps),
		.stuck = stuck,
		.n_stuck = UNIT_COUNT(stuck),
		.memory = memory,
		.n_memory = UNIT_COUNT(memory),
	};
}

static inline int read_it(struct journal *j, struct err *err)
{
	struct host host = tree_host();

	*j = (struct journal){ 0 };
	*err = (struct err){ 0 };
	return journal_read(&host, UUID, j, err);
}

static inline int write_it(const struct journal *j, struct err *err)
{
	struct host host = tree_host();
	int folder, rc;

	*err = (struct err){ 0 };
	tree_folder("run");
	folder = state_open(&host, UUID, err);
	assert_true(folder >= 0);
	rc = journal_write(&arena, folder, j, err);
	close(folder);
	return rc;
}

static inline char *slurp(const char *path)
{
	struct file *file = arena_new(&arena, struct file);
	struct err err = { 0 };

	assert_int_equal(file_read_any(&arena, tree_path(path), file, &err), 0);
	return arena_strdup(&arena, file->text);
}

static inline void same_devices(const struct journal *j)
{
	assert_int_equal(j->n_devices, UNIT_COUNT(devices));
	for (size_t i = 0; i < j->n_devices; i++) {
		assert_int_equal(j->devices[i].kind, devices[i].kind);
		assert_int_equal(j->devices[i].role, devices[i].role);
		assert_int_equal(j->devices[i].group, devices[i].group);
		assert_text(j->devices[i].device, devices[i].device);
		assert_text(j->devices[i].driver, devices[i].driver);
		assert_text(j->devices[i].target, devices[i].target);
		assert_text(j->devices[i].rule, devices[i].rule);
	}
}

static inline void same_steps(const struct journal *j)
{
	assert_int_equal(j->n_steps, UNIT_COUNT(steps));
	for (size_t i = 0; i < j->n_steps; i++) {
		assert_int_equal(j->steps[i].op, steps[i].op);
		assert_int_equal(j->steps[i].lane, steps[i].lane);
		assert_int_equal(j->steps[i].done, steps[i].done);
		assert_true(j->steps[i].ms == steps[i].ms);
		assert_text(j->steps[i].device, steps[i].device);
		assert_text(j->steps[i].name, steps[i].name);
		assert_text(j->steps[i].to, steps[i].to);
		assert_text(j->steps[i].from, steps[i].from);
	}
}

/* As it is in every version of json-c: empty lists are printed in more than one way. */
static inline const char *squeezed(const char *path)
{
	char *text = slurp(path), *to = text;

	for (const char *from = text; *from; from++)
		if (!strchr(" \n", *from))
			*to++ = *from;
	*to = '\0';
	return text;
}

/* The file that is there is not believed, for this reason; nothing of it is handed out. */
static inline void is_refused(const char *says)
{
	struct journal j;
	struct err err;
	int rc = read_it(&j, &err);

	assert_true(rc < 0 && rc != -ENOENT);
	assert_int_equal(-rc, err.code);
	assert_says(tree_hide(err.text), "/" FILE_ ": ");
	assert_says(err.text, says);
	assert_says(err.text, "; the journal is not valid, so kvmshim ignores its steps");
	assert_int_equal(j.n_devices + j.n_steps + j.n_stuck + j.n_memory, 0);
	assert_null(j.uuid);
}
