/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which steps are planned, in which lanes and order: "LANE step". */
#include "hooks/survey/plan.h"

#include "err.h"
#include "hooks/journal/shape.h"
#include "hooks/steps/ops.h"
#include "str.h"
#include "subjects.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define OTHER_MDEV "00000000-509f-382f-3c1e-e6bfe0fa1001"

static struct attribute_setting gpu_attributes[] = {
	{ "power/control", "on" },
	{ "d3cold_allowed", "0" },
	{ "reset_method", "bus" },
};
static const struct device_settings gpu_settings = {
	.attributes = gpu_attributes,
	.n_attributes = UNIT_COUNT(gpu_attributes),
};
static const struct device_settings vgpu_settings = { .mdev_type = "1178" };
static const struct device_settings vf_settings = {
	.vf = { [VF_MAC] = "52:54:00:00:00:01", [VF_VLAN] = "7", [VF_NODE_GUID] = "00:11:22:33:44:55:66:77" },
};
static struct node node = { .name = "vfio/17" };
static struct holder holder[] = { { { 7, 7 }, "dd", NULL, &node } };

#define READY .has_driver = true
#define ONE_NVME { THERE, READY, .pci = { NVME, .driver = "nvme" } }
#define THE_GPU { THERE, READY, .pci = { GPU, .driver = "nvidia" } }
#define ITS_AUDIO \
	{ THERE, READY, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "snd_hda_intel" } }

static const struct row {
	const char *name;
	struct subject v[3];
	struct mediated mdevs[3];
	bool without_iommu_type1;
	const char *want;
} rows[] = {
	{ "nothing is asked for", .want = "" },
	{ "an NVMe disk",
	  { ONE_NVME },
	  .want = "1 0000:03:00.0: wait until the device is not in use\n"
		  "1 0000:03:00.0: driver_override = vfio-pci\n"
		  "1 0000:03:00.0: unbind from nvme\n"
		  "1 0000:03:00.0: bind to vfio-pci\n" },
	{ "a graphics card: all of it is free before one function is touched, and aimed before one "
	  "is unbound",
	  { THE_GPU, ITS_AUDIO },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.1: wait until the device is not in use\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.1: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "1 0000:05:00.1: unbind from snd_hda_intel\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "1 0000:05:00.1: bind to vfio-pci\n" },
	{ "a card of three functions, one without a driver, asked for",
	  { THE_GPU, ITS_AUDIO, { THERE, READY, .pci = { USBC } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.1: wait until the device is not in use\n"
		  "1 0000:05:00.2: wait until the device is not in use\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.1: driver_override = vfio-pci\n"
		  "1 0000:05:00.2: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "1 0000:05:00.1: unbind from snd_hda_intel\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "1 0000:05:00.1: bind to vfio-pci\n"
		  "1 0000:05:00.2: bind to vfio-pci\n" },
	{ "a sibling without a driver stays as it is",
	  { ONE_NVME, { THERE, READY, .role = ROLE_COMPANION, .pci = { USBC } } },
	  .want = "1 0000:03:00.0: wait until the device is not in use\n"
		  "1 0000:03:00.0: driver_override = vfio-pci\n"
		  "1 0000:03:00.0: unbind from nvme\n"
		  "1 0000:03:00.0: bind to vfio-pci\n" },
	{ "its console, its units and its attributes do, too",
	  { { THERE, .role = ROLE_COMPANION, .pci = { USBC }, .conf = &gpu_settings,
	      .attributes = LIST("auto", "1", "flr"), .power = "auto",
	      .units = LIST("display-manager.service"), .vgpu = "0",
	      .console = { LIST("vtcon1"), LIST("efi-framebuffer/efi-framebuffer.0"), { 0 } } } },
	  .want = "" },
	{ "a sibling on vfio-pci that is held is waited for, and no more",
	  { { THERE, READY, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "vfio-pci" },
	      .holders = { holder, 1, 0 } } },
	  .want = "1 0000:05:00.1: wait until the device is not in use\n" },
	{ "two groups go side by side",
	  { THE_GPU, ONE_NVME, ITS_AUDIO },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "2 0000:03:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.1: wait until the device is not in use\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "2 0000:03:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.1: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "2 0000:03:00.0: unbind from nvme\n"
		  "1 0000:05:00.1: unbind from snd_hda_intel\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "2 0000:03:00.0: bind to vfio-pci\n"
		  "1 0000:05:00.1: bind to vfio-pci\n" },
	{ "what is on vfio-pci already is only looked at",
	  { { THERE, READY, .pci = { GPU, .driver = "vfio-pci" } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n" },
	{ "on a variant of it too",
	  { { THERE, READY, .pci = { GPU, .driver = "mlx5_vfio_pci" } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n" },
	{ "unless the XML asks for another",
	  { { .exists = true, .module = "mlx5_vfio_pci", .target = "mlx5_vfio_pci",
	      .model = "mlx5_vfio_pci", .override = "vfio-pci", READY,
	      .pci = { GPU, .driver = "vfio-pci" } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.0: driver_override = mlx5_vfio_pci\n"
		  "1 0000:05:00.0: unbind from vfio-pci\n"
		  "1 0000:05:00.0: bind to mlx5_vfio_pci\n" },
	{ "what libvirt binds is only looked at",
	  { { THERE, .role = ROLE_MANAGED, .pci = { GPU, .driver = "nvidia" } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n" },
	{ "or has its attributes set, and what VFIO sets given back",
	  { { THERE, .role = ROLE_MANAGED, .pci = { GPU, .driver = "nvidia" }, .conf = &gpu_settings,
	      .attributes = LIST("auto", "1", "bus"), .power = "auto" } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.0: keep power/control (auto)\n"
		  "1 0000:05:00.0: d3cold_allowed = 0 (was 1)\n"
		  "1 0000:05:00.0: power/control = on (was auto)\n" },
	{ "the console goes before the driver, by vtcon and firmware's framebuffer",
	  { { THERE, READY, .pci = { GPU, .driver = "nvidia", .boot_vga = true },
	      .console = { .vtcons = LIST("vtcon1"),
			   .framebuffers = LIST("efi-framebuffer/efi-framebuffer.0") } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 unbind console vtcon1\n"
		  "1 unbind efi-framebuffer.0 from efi-framebuffer\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "1 0000:05:00.0: bind to vfio-pci\n" },
	{ "a console that two cards show goes once",
	  { { THERE, .role = ROLE_MANAGED, .pci = { GPU, .driver = "nvidia" },
	      .console = { .vtcons = LIST("vtcon1") } },
	    { THERE, .role = ROLE_MANAGED, .pci = { NVME, .driver = "nvidia" },
	      .console = { .vtcons = LIST("vtcon1") } } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "2 0000:03:00.0: wait until the device is not in use\n"
		  "1 unbind console vtcon1\n" },
	{ "attributes that differ are set while the driver is there; those that this kernel lacks "
	  "are left out",
	  { { THERE, READY, .pci = { GPU, .driver = "nvidia" }, .conf = &gpu_settings,
	      .attributes = LIST("auto", NULL, "") } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.0: reset_method = bus (was nothing)\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "1 0000:05:00.0: power/control = on (was auto)\n" },
	{ "what vfio-pci sets is remembered before, and set after it, also where it was right",
	  { { THERE, READY, .pci = { GPU, .driver = "nvidia" }, .conf = &gpu_settings,
	      .attributes = LIST("on", NULL, "bus"), .power = "on" } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.0: keep power/control (on)\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "1 0000:05:00.0: power/control = on (was on)\n" },
	{ "attributes that are right are not touched",
	  { { THERE, READY, .pci = { GPU, .driver = "vfio-pci" }, .conf = &gpu_settings,
	      .attributes = LIST("on", "0", "bus"), .power = "on" } },
	  .want = "1 0000:05:00.0: wait until the device is not in use\n" },
	{ "units and modules go first, each once",
	  { { THERE, .pci = { GPU, .driver = "nvidia" },
	      .units = LIST("nvidia-persistenced.service", "app.scope") },
	    { THERE, .pci = { NVME, .driver = "nvme" }, .units = LIST("app.scope") } },
	  .without_iommu_type1 = true,
	  .want = "0 stop nvidia-persistenced.service\n"
		  "0 stop app.scope\n"
		  "0 load module vfio_iommu_type1\n"
		  "0 load module vfio_pci\n"
		  "1 0000:05:00.0: wait until the device is not in use\n"
		  "2 0000:03:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "2 0000:03:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "2 0000:03:00.0: unbind from nvme\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "2 0000:03:00.0: bind to vfio-pci\n" },
	{ "the admin's units have their points, each once in a group",
	  { { THERE, READY, .pci = { GPU, .driver = "nvidia" }, .starts = LIST("fan.service"),
	      .before_unbind = LIST("a.service"), .while_unbound = LIST("b.service"),
	      .loads = LIST("vendor_reset") },
	    { THERE, READY, .pci = { AUDIO, .driver = "snd_hda_intel" },
	      .while_unbound = LIST("b.service") },
	    { THERE, READY, .pci = { NVME, .driver = "nvme" }, .while_unbound = LIST("b.service") } },
	  .want = "0 load module vendor_reset\n"
		  "1 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.1: wait until the device is not in use\n"
		  "2 0000:03:00.0: wait until the device is not in use\n"
		  "1 0000:05:00.0: start a.service before the unbind\n"
		  "1 0000:05:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.1: driver_override = vfio-pci\n"
		  "2 0000:03:00.0: driver_override = vfio-pci\n"
		  "1 0000:05:00.0: unbind from nvidia\n"
		  "1 0000:05:00.1: unbind from snd_hda_intel\n"
		  "2 0000:03:00.0: unbind from nvme\n"
		  "1 0000:05:00.0: start b.service while no driver is bound\n"
		  "2 0000:03:00.0: start b.service while no driver is bound\n"
		  "1 0000:05:00.0: bind to vfio-pci\n"
		  "1 0000:05:00.1: bind to vfio-pci\n"
		  "2 0000:03:00.0: bind to vfio-pci\n"
		  "1 start fan.service\n" },
	{ "the module of a variant is one more",
	  { ONE_NVME,
	    { .exists = true, .module = "mlx5_vfio_pci", .target = "mlx5-vfio-pci", .override = "",
	      .pci = { GPU } } },
	  .want = "0 load module mlx5_vfio_pci\n"
		  "1 0000:03:00.0: wait until the device is not in use\n"
		  "2 0000:05:00.0: wait until the device is not in use\n"
		  "1 0000:03:00.0: driver_override = vfio-pci\n"
		  "2 0000:05:00.0: driver_override = mlx5-vfio-pci\n"
		  "1 0000:03:00.0: unbind from nvme\n"
		  "1 0000:03:00.0: bind to vfio-pci\n"
		  "2 0000:05:00.0: bind to mlx5-vfio-pci\n" },
	{ "no module is loaded for what libvirt binds but VFIO's own",
	  { { THERE, .role = ROLE_MANAGED, .pci = { GPU, .driver = "nvidia" } } },
	  .without_iommu_type1 = true,
	  .want = "0 load module vfio_iommu_type1\n"
		  "1 0000:05:00.0: wait until the device is not in use\n" },
	{ "a mediated device that is there is used as it is",
	  .mdevs = { { .uuid = MDEV, .exists = true, .group = 5 } },
	  .want = "" },
	{ "VFIO is needed for it all the same",
	  .mdevs = { { .uuid = MDEV, .exists = true, .group = 5 } },
	  .without_iommu_type1 = true,
	  .want = "0 load module vfio_iommu_type1\n" },
	{ "mediated devices are made one after the other on each parent",
	  .mdevs = { { .uuid = MDEV, .group = -1, .parent = "0000:05:00.0", .type = "nvidia-63" },
		     { .uuid = OTHER_MDEV, .group = -1, .parent = "0000:05:00.0",
		       .type = "nvidia-63" },
		     { .uuid = UUID, .group = -1, .parent = "0000:00:02.0",
		       .type = "i915-GVTg_V5_4" } },
	  .want = "1 0000:05:00.0: create " MDEV " of type nvidia-63\n"
		  "1 0000:05:00.0: create " OTHER_MDEV " of type nvidia-63\n"
		  "2 0000:00:02.0: create " UUID " of type i915-GVTg_V5_4\n" },
	{ "a vGPU is a type and no other driver",
	  { { THERE, READY, .pci = { VF, .driver = "nvidia", .vgpu = true }, .vgpu = "0",
	      .conf = &vgpu_settings } },
	  .without_iommu_type1 = true,
	  .want = "1 0000:21:00.4: wait until the device is not in use\n"
		  "1 0000:21:00.4: vGPU type 1178 (was 0)\n" },
	{ "that has its type already is left as it is",
	  { { THERE, READY, .pci = { VF, .driver = "nvidia", .vgpu = true }, .vgpu = "1178",
	      .conf = &vgpu_settings } },
	  .want = "1 0000:21:00.4: wait until the device is not in use\n" },
	{ "properties of a virtual function are set while it has no driver, those that differ",
	  { { THERE, READY, .pci = { VF, .driver = "igbvf" }, .conf = &vf_settings,
	      .vf = { .interface = "eth1", .now = { [VF_MAC] = "00:00:00:00:00:00", [VF_VLAN] = "7" } } } },
	  .want = "1 0000:21:00.4: wait until the device is not in use\n"
		  "1 0000:21:00.4: driver_override = vfio-pci\n"
		  "1 0000:21:00.4: unbind from igbvf\n"
		  "1 0000:21:00.4: vf-mac = 52:54:00:00:00:01 (was 00:00:00:00:00:00)\n"
		  "1 0000:21:00.4: vf-node-guid = 00:11:22:33:44:55:66:77 (was unknown)\n"
		  "1 0000:21:00.4: bind to vfio-pci\n" },
	{ "where libvirt binds it, before that",
	  { { THERE, .role = ROLE_MANAGED, .pci = { VF, .driver = "igbvf" }, .conf = &vf_settings,
	      .vf = { .interface = "eth1", .now = { [VF_MAC] = "52:54:00:00:00:01", [VF_VLAN] = "0" } } } },
	  .want = "1 0000:21:00.4: wait until the device is not in use\n"
		  "1 0000:21:00.4: vf-vlan = 7 (was 0)\n"
		  "1 0000:21:00.4: vf-node-guid = 00:11:22:33:44:55:66:77 (was unknown)\n" },
	{ "two without a group have a lane each",
	  { { THERE, .pci = { .address = "0000:21:00.4", .group = -1, .driver = "nvidia" },
	      .vgpu = "1178" },
	    { THERE, .pci = { .address = "0000:21:00.5", .group = -1, .driver = "nvidia" },
	      .vgpu = "1178" } },
	  .want = "1 0000:21:00.4: wait until the device is not in use\n"
		  "2 0000:21:00.5: wait until the device is not in use\n" },
};

static struct journal empty_journal(void)
{
	return (struct journal){ .uuid = UUID, .name = "web", .boot = "b-1", .created = "2026" };
}

static struct journal planned(const struct survey *survey)
{
	struct journal j = empty_journal();
	struct err err = { 0 };

	plan_make(&arena, survey, &j);
	if (journal_check(&arena, &j, UUID, &err) < 0)
		fail_msg("%s", err.text);
	return j;
}

static const char *in_words(const struct journal *j)
{
	struct strbuf b = { .arena = &arena };

	strbuf_add(&b, "");
	for (size_t i = 0; i < j->n_steps; i++)
		strbuf_addf(&b, "%u %s\n", j->steps[i].lane, op_text(&arena, &j->steps[i]));
	return strbuf_text(&b);
}

/* Whoever undoes a lane backwards needs the steps of each device in the order of `enum op`. */
static void in_order(const struct journal *j)
{
	for (size_t i = 0; i < j->n_steps; i++)
		for (size_t k = i + 1; k < j->n_steps; k++)
			if (j->steps[i].lane == j->steps[k].lane)
				assert_true(j->steps[i].op <= j->steps[k].op);
}

static void a_plan_is_made(void **state)
{
	const struct row *row = *state;
	struct survey survey = {
		.v = (struct subject *)(uintptr_t)row->v,
		.mdevs = (struct mediated *)(uintptr_t)row->mdevs,
		.has_iommu_type1 = !row->without_iommu_type1,
	};
	struct journal j;

	while (survey.n < UNIT_COUNT(row->v) && row->v[survey.n].pci.address)
		survey.n++;
	while (survey.n_mdevs < UNIT_COUNT(row->mdevs) && row->mdevs[survey.n_mdevs].uuid)
		survey.n_mdevs++;
	j = planned(&survey);
	assert_text(in_words(&j), row->want);
	in_order(&j);
	assert_int_equal(j.n_devices, survey.n + survey.n_mdevs);
}

/* --- what is written down of each */

static void is_device(const struct journal_device *d, const char *device, const char *driver,
		      const char *target, int group)
{
	assert_text(d->device, device);
	assert_text(d->driver, driver);
	assert_text(d->target, target);
	assert_int_equal(d->group, group);
}

static void devices_are_recorded(void **state)
{
	struct subject v[] = {
		{ THERE, READY, .role = ROLE_GRANT, .rule = "a.ini:b",
		  .pci = { GPU, .driver = "nvidia" } },
		{ THERE, READY, .role = ROLE_COMPANION, .pci = { AUDIO } },
		{ THERE, READY, .role = ROLE_MANAGED, .pci = { NVME, .driver = "nvme" } },
	};
	struct mediated m = { .role = ROLE_GRANT, .rule = "a.ini:c", .uuid = MDEV, .exists = true,
			      .group = 5 };
	struct survey survey = { .v = v, .n = 3, .mdevs = &m, .n_mdevs = 1,
				 .has_iommu_type1 = true };
	struct journal j = planned(&survey);

	(void)state;
	assert_int_equal(j.n_devices, 4);
	is_device(&j.devices[0], "0000:05:00.0", "nvidia", "vfio-pci", 17);
	is_device(&j.devices[1], "0000:05:00.1", NULL, NULL, 17);
	is_device(&j.devices[2], "0000:03:00.0", "nvme", "nvme", 12);
	is_device(&j.devices[3], MDEV, NULL, NULL, 5);
	assert_text(j.devices[0].rule, "a.ini:b");
	assert_text(j.devices[3].rule, "a.ini:c");
	assert_int_equal(j.devices[0].role, ROLE_GRANT);
	assert_int_equal(j.devices[1].role, ROLE_COMPANION);
	assert_int_equal(j.devices[3].kind, HOSTDEV_MDEV);
}

/* What undoes them: the override that was there, the driver that had it. */
static void steps_know_the_way_back(void **state)
{
	struct subject s = { .exists = true, .module = "vfio_pci", .target = "vfio-pci", READY,
			     .override = "pci-stub", .pci = { NVME, .driver = "nvme" } };
	struct survey survey = { .v = &s, .n = 1, .has_iommu_type1 = true };
	struct journal j = planned(&survey);

	(void)state;
	assert_int_equal(j.n_steps, 4);
	assert_int_equal(j.steps[1].op, OP_OVERRIDE);
	assert_text(j.steps[1].from, "pci-stub");
	assert_int_equal(j.steps[2].op, OP_UNBIND);
	assert_text(j.steps[2].from, "nvme");
	assert_int_equal(j.steps[3].op, OP_PROBE);
	assert_text(j.steps[3].from, "nvme");
	for (size_t i = 0; i < j.n_steps; i++)
		assert_false(j.steps[i].done);
}

int main(void)
{
	UNIT_ROWS(rows, a_plan_is_made);
	UNIT_TEST("each device is recorded as it was and is to be", devices_are_recorded);
	UNIT_TEST("each step knows the way back", steps_know_the_way_back);
	return unit_run("plan");
}
