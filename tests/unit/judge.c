/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/judge.h"

#include <errno.h>

#include "str.h"
#include "subjects.h"

static const struct reservation other_vm = { .journal = { .name = "desktop" }, .life = LIFE_QEMU };
static const struct reservation dead_vm = { .journal = { .name = "old" } };
static const struct reservation by_hand = { .journal = { .kind = JOURNAL_HAND },
					    .life = LIFE_HAND };
static const struct reservation odd_vm = { .journal = { .name = "a\x1b[2J\n" },
					   .life = LIFE_STARTING };

static const struct device_settings expects = {
	.address = "0000:05:00.0",
	.line = 7,
	.expect_id = "10de:1b06",
	.expect_subsystem = "10de:3609",
	.expect_serial = "20480000000000000001",
};
static const struct device_settings expects_little = { .line = 9, .expect_id = "10DE:1b06" };
static struct attribute_setting power_on = { "power/control", "on" };
static const struct device_settings powers = {
	.line = 5,
	.attributes = &power_on,
	.n_attributes = 1,
};
static struct attribute_setting no_vfs = { "sriov_numvfs", "0" };
static struct attribute_setting two_vfs = { "sriov_numvfs", "2" };
static const struct device_settings switched_off = { .attributes = &no_vfs, .n_attributes = 1 };
static const struct device_settings tagged = { .line = 9, .vf = { [VF_VLAN] = "7" } };
static const struct device_settings switched_on = { .attributes = &two_vfs, .n_attributes = 1 };
static const struct device_settings mdev_name = { .line = 6, .mdev_type = "nvidia-63" };
static const struct device_settings vgpu_type = { .line = 3, .mdev_type = "1178" };

static struct node sound = { .name = "snd/controlC0" };
static struct node vfio = { .name = "vfio/17" };
static struct holder sound_server[] = {
	{ { 812, 1 }, "pulseaudio", "app.scope", &sound },
	{ { 900, 1 }, "second", NULL, &sound },
};
static struct holder plain[] = { { { 4242, 1 }, "dd\n", NULL, &vfio } };

#define HELD_BY(h) { .v = (h), .n = UNIT_COUNT(h) }

/* --- one device, one sentence */

static const struct row {
	const char *name;
	struct subject s;
	bool companions_auto, impatient, release_console;
	const char *want; /* NULL: it may be taken */
} rows[] = {
	{ "a device in the host's use may be taken",
	  { THERE, .pci = { GPU, .driver = "nvidia" } } },
	{ "one without a driver may", { THERE, .pci = { GPU } } },
	{ "one that is on vfio-pci may", { THERE, .pci = { GPU, .driver = "vfio-pci" } } },
	{ "one that is not there may not",
	  { .pci = { .address = "0000:07:00.0", .group = -1 } },
	  .want = "0000:07:00.0: this host has no such PCI device" },
	{ "a bridge may not",
	  { THERE, .pci = { .address = "0000:00:1c.0", .driver = "pcieport", .bridge = true } },
	  .want = "0000:00:1c.0 is a PCI bridge; pass through the devices behind it" },

	{ "one of which not all nodes could be read may not",
	  { THERE, .pci = { GPU }, .unread = 5 },
	  .want = "0000:05:00.0: its device nodes cannot be read (Input/output error), so its users are "
		  "unknown" },

	/* who it is */
	{ "what was expected may, however its letters are written",
	  { THERE, .pci = { GPU }, .conf = &expects_little } },
	{ "another model may not",
	  { THERE, .pci = { .address = "0000:05:00.0", .id = "144d:a808", .group = 17 },
	    .conf = &expects },
	  .want = "0000:05:00.0: the id is 144d:a808, but /etc/kvmshim/kvmshim.conf:7 expects "
		  "10de:1b06; check the hardware, then the section" },
	{ "another board may not",
	  { THERE,
	    .pci = { .address = "0000:05:00.0", .id = "10de:1b06", .subsystem = "1043:0001",
		     .group = 17 },
	    .conf = &expects },
	  .want = "0000:05:00.0: the subsystem is 1043:0001, but /etc/kvmshim/kvmshim.conf:7 "
		  "expects 10de:3609; check the hardware, then the section" },
	{ "a long serial number is compared to its last digit",
	  { THERE, .pci = { GPU }, .conf = &expects, .serial = "20480000000000000002" },
	  .want = "0000:05:00.0: the serial number is 20480000000000000002, but "
		  "/etc/kvmshim/kvmshim.conf:7 expects 20480000000000000001; check the hardware, "
		  "then the section" },
	{ "its own serial number is right",
	  { THERE, .pci = { GPU }, .conf = &expects, .serial = "20480000000000000001" } },
	{ "a serial number from the device is no terminal's command",
	  { THERE, .pci = { GPU }, .conf = &expects, .serial = "\x1b[2J" },
	  .want = "0000:05:00.0: the serial number is \\x1b[2J, but /etc/kvmshim/kvmshim.conf:7 "
		  "expects 20480000000000000001; check the hardware, then the section" },
	{ "a serial number that cannot be read is another one",
	  { THERE, .pci = { GPU }, .conf = &expects },
	  .want = "0000:05:00.0: the serial number is not readable now, but "
		  "/etc/kvmshim/kvmshim.conf:7 expects 20480000000000000001; check the hardware, "
		  "then the section" },

	/* whose it is */
	{ "a stuck one may not",
	  { THERE, .pci = { GPU, .driver = "nvidia" },
	    .stuck = "unbind has not finished in the kernel (process 77)" },
	  .want = "0000:05:00.0 is stuck: unbind has not finished in the kernel (process 77); stop "
		  "the program that uses the device and run `kvmshim recover`, or reboot" },
	{ "another VM's may not",
	  { THERE, .pci = { GPU, .driver = "vfio-pci" }, .owner = &other_vm },
	  .want = "0000:05:00.0 is in use by VM desktop" },
	{ "what a VM left that cannot be undone may not",
	  { THERE, .pci = { GPU }, .owner = &dead_vm },
	  .want = "0000:05:00.0 is in use by the stopped VM old, which did not return it (run `kvmshim recover`)" },
	{ "what was bound by hand may not, by hand",
	  { THERE, .pci = { GPU }, .role = ROLE_HAND, .owner = &by_hand },
	  .want = "0000:05:00.0 is in use by `kvmshim bind`" },
	{ "a VM's name is no terminal's command",
	  { THERE, .pci = { GPU }, .owner = &odd_vm },
	  .want = "0000:05:00.0 is in use by VM a\\x1b[2J\\x0a" },
	{ "without an IOMMU none may",
	  { THERE, .pci = { .address = "0000:05:00.0", .driver = "nvidia", .group = -1 } },
	  .want = "0000:05:00.0 has no IOMMU group; enable the IOMMU in the firmware and on the "
		  "kernel command line (Intel: intel_iommu=on; AMD: no amd_iommu=off)" },
	{ "one whose group the firmware needs may not",
	  { THERE, .pci = { GPU, .driver = "nvidia" }, .rmrr = "0x7b800000-0x7fffffff" },
	  .want = "0000:05:00.0: the firmware reserves memory for IOMMU group 17 (RMRR, "
		  "0x7b800000-0x7fffffff), so the kernel does not let VFIO use the device; disable the "
		  "RMRR of this slot in the firmware, or move the card to another slot" },
	{ "its sibling does not say it again",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "vfio-pci" }, .rmrr = "0x0-0x1" } },
	{ "a driver that is not in the list keeps its device",
	  { THERE, .pci = { GPU, .driver = "megaraid_sas" } },
	  .want = "0000:05:00.0: driver megaraid_sas is not in unbind-drivers of kvmshim.conf, "
		  "so kvmshim does not unbind it" },
	{ "so it does where libvirt would take it",
	  { THERE, .role = ROLE_MANAGED, .pci = { GPU, .driver = "megaraid_sas" } },
	  .want = "0000:05:00.0: driver megaraid_sas is not in unbind-drivers of kvmshim.conf, "
		  "so kvmshim does not unbind it" },
	{ "libvirt may take the others",
	  { THERE, .role = ROLE_MANAGED, .pci = { GPU, .driver = "nvidia" } } },
	{ "a card whose VFs are used may not",
	  { THERE, .pci = { GPU, .driver = "mlx5_core" },
	    .used_vfs = LIST("0000:05:00.2 (driver mlx5_core)", "0000:05:00.3 (VM web)") },
	  .want = "0000:05:00.0 has virtual functions in use: 0000:05:00.2 (driver mlx5_core), "
		  "0000:05:00.3 (VM web)" },
	{ "nor may one that has VFs that nobody uses",
	  { THERE, .pci = { GPU, .driver = "mlx5_core", .vfs = LIST("0000:05:00.2") } },
	  .want = "0000:05:00.0 has virtual functions enabled, so it cannot be passed "
		  "through; set sriov_numvfs = 0 in section [device 0000:05:00.0] of kvmshim.conf, "
		  "or write 0 to its sriov_numvfs file" },
	{ "unless kvmshim.conf switches them off",
	  { THERE, .pci = { GPU, .driver = "mlx5_core", .vfs = LIST("0000:05:00.2") },
	    .conf = &switched_off, .attributes = LIST("1") } },
	{ "which does not help if they are used",
	  { THERE, .pci = { GPU, .driver = "mlx5_core", .vfs = LIST("0000:05:00.2") },
	    .used_vfs = LIST("0000:05:00.2 (VM web)"), .conf = &switched_off,
	    .attributes = LIST("1") },
	  .want = "0000:05:00.0 has virtual functions in use: 0000:05:00.2 (VM web)" },
	{ "or if there are to be some",
	  { THERE, .pci = { GPU, .driver = "mlx5_core", .vfs = LIST("0000:05:00.2") },
	    .conf = &switched_on, .attributes = LIST("1") },
	  .want = "0000:05:00.0 has virtual functions enabled, so it cannot be passed "
		  "through; set sriov_numvfs = 0 in section [device 0000:05:00.0] of kvmshim.conf, "
		  "or write 0 to its sriov_numvfs file" },
	{ "an attribute that it has may be set",
	  { THERE, .pci = { GPU }, .conf = &powers, .attributes = LIST("auto") } },
	{ "one that it does not have may not",
	  { THERE, .pci = { GPU }, .conf = &powers, .attributes = LIST(NULL) },
	  .want = "0000:05:00.0 has no attribute power/control, but the section at "
		  "/etc/kvmshim/kvmshim.conf:5 sets it; remove it from that section" },

	{ "a virtual function whose properties can be set may",
	  { THERE, .pci = { VF, .driver = "nvme" }, .conf = &tagged, .vf = { .interface = "eth1" } } },
	{ "what is none may have none",
	  { THERE, .pci = { GPU, .driver = "nvidia" }, .conf = &tagged, .vf_error = ENXIO },
	  .want = "0000:05:00.0 is not a virtual function, but the section at "
		  "/etc/kvmshim/kvmshim.conf:9 sets vf-vlan; remove it from that section" },
	{ "nor one whose physical function is no network card of the host",
	  { THERE, .role = ROLE_MANAGED, .pci = { VF, .driver = "nvme" }, .conf = &tagged, .vf_error = ENODEV,
	    .vf = { .pf = "0000:21:00.0" } },
	  .want = "0000:21:00.4: its physical function 0000:21:00.0 (no driver) has no network interface "
		  "with virtual functions in the network namespace of the host; bind 0000:21:00.0 to its "
		  "network driver, or remove the vf-… keys from section [device 0000:21:00.4] of "
		  "kvmshim.conf" },
	{ "nor one of which the kernel does not tell",
	  { THERE, .pci = { VF, .driver = "nvme" }, .conf = &tagged, .vf_error = EMSGSIZE,
	    .vf = { .pf = "0000:21:00.0", .interface = "eth1" } },
	  .want = "0000:21:00.4: its properties cannot be read from interface eth1 of its physical "
		  "function 0000:21:00.0: Message too long" },

	/* the rest of its IOMMU group */
	{ "a sibling of the host's is named, with what to do",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "snd_hda_intel" } },
	  .want = "0000:05:00.1 (snd_hda_intel) shares IOMMU group 17 with a requested device and still has a host driver; "
		  "add it to the domain XML, or set companions = auto in kvmshim.conf" },
	{ "with companions = auto it comes along",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "snd_hda_intel" } },
	  .companions_auto = true },
	{ "but not from a driver that is not in the list",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "ahci" } },
	  .companions_auto = true,
	  .want = "0000:05:00.1: driver ahci is not in unbind-drivers of kvmshim.conf, "
		  "so kvmshim does not unbind it; to unbind only companions from it, set "
		  "companions = auto: ahci" },
	{ "a sibling without a driver harms nobody",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO } } },
	{ "nor does one on vfio-pci",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "vfio-pci" } } },
	{ "what is expected of a sibling that stays is not asked",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO }, .conf = &expects } },
	{ "a sibling that another VM has is",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "vfio-pci" },
	    .owner = &other_vm },
	  .want = "0000:05:00.1 shares IOMMU group 17 with a requested device and is in use by VM desktop" },
	{ "a sibling's node that somebody has open is in the way",
	  { THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "vfio-pci" },
	    .holders = HELD_BY(plain) },
	  .impatient = true,
	  .want = "0000:05:00.1 is in use: dd\\x0a (pid 4242) has /dev/vfio/17 open" },

	/* what the host needs it for */
	{ "the host's network is not taken",
	  { THERE, .pci = { GPU, .driver = "mlx5_core" },
	    .network = LIST("eth0 carries the default route", "eth1 is a port of bridge br0") },
	  .want = "0000:05:00.0 is in use by the host: eth0 carries the default route, eth1 is a port "
		  "of bridge br0" },
	{ "nor is its console",
	  { THERE, .pci = { GPU, .driver = "nvidia" }, .console = { .vtcons = LIST("vtcon1") } },
	  .want = "0000:05:00.0 shows the host console (vtcon1); if a VM may have this device, set "
		  "release-console = yes in kvmshim.conf" },
	{ "unless the admin says so",
	  { THERE, .pci = { GPU, .driver = "nvidia" }, .console = { .vtcons = LIST("vtcon1") } },
	  .release_console = true },
	{ "the firmware's picture alone is no console",
	  { THERE, .pci = { GPU, .driver = "nvidia" },
	    .console = { .framebuffers = LIST("efi-framebuffer/efi-framebuffer.0") } } },

	/* who uses it */
	{ "a process that has it open is named, the first of them",
	  { THERE, .pci = { AUDIO, .driver = "snd_hda_intel" }, .holders = HELD_BY(sound_server) },
	  .impatient = true,
	  .want = "0000:05:00.1 is in use: pulseaudio (pid 812, unit app.scope) has "
		  "/dev/snd/controlC0 open" },
	{ "it is waited for where there is time",
	  { THERE, .pci = { AUDIO, .driver = "snd_hda_intel" }, .holders = HELD_BY(sound_server) } },
	{ "or a unit to stop",
	  { THERE, .pci = { AUDIO, .driver = "snd_hda_intel" }, .holders = HELD_BY(sound_server),
	    .units = LIST("app.scope") },
	  .impatient = true },
	{ "a mounted disk is told at once: time does not unmount it",
	  { THERE, .pci = { NVME, .driver = "nvme" },
	    .claimed = LIST("nvme0n1p1 is mounted on /srv", "nvme0n2 is swap") },
	  .want = "0000:03:00.0 is in use: nvme0n1p1 is mounted on /srv, nvme0n2 is swap" },
	{ "a unit that is stopped may unmount it",
	  { THERE, .pci = { NVME, .driver = "nvme" },
	    .claimed = LIST("nvme0n1p1 is mounted on /srv"), .units = LIST("srv.mount") } },

	/* vGPUs */
	{ "a VF that becomes a vGPU needs no group and no list",
	  { THERE, .pci = { .address = "0000:21:00.4", .driver = "nvidia-vgpu", .group = -1,
			    .vgpu = true },
	    .vgpu = "0", .conf = &vgpu_type } },
	{ "but it has an owner",
	  { THERE, .pci = { VF, .driver = "nvidia-vgpu", .vgpu = true }, .vgpu = "1178",
	    .conf = &vgpu_type, .owner = &other_vm },
	  .want = "0000:21:00.4 is in use by VM desktop" },
	{ "what it is already may be another program's",
	  { THERE, .pci = { VF, .driver = "nvidia-vgpu", .vgpu = true }, .vgpu = "1180",
	    .conf = &vgpu_type },
	  .want = "0000:21:00.4 is already a vGPU of type 1180, but the section at "
		  "/etc/kvmshim/kvmshim.conf:3 has 1178; write 0 to its nvidia/current_vgpu_type" },
	{ "it may be what it is to be",
	  { THERE, .pci = { VF, .driver = "nvidia-vgpu", .vgpu = true }, .vgpu = "1178",
	    .conf = &vgpu_type } },
	{ "the type of a vGPU is a number",
	  { THERE, .pci = { VF, .driver = "nvidia-vgpu", .vgpu = true }, .vgpu = "0",
	    .conf = &mdev_name },
	  .want = "0000:21:00.4 needs a number as mdev-type, but the section at "
		  "/etc/kvmshim/kvmshim.conf:6 has 'nvidia-63'; its file "
		  "nvidia/creatable_vgpu_types lists the numbers" },
	{ "that of a mediated device is a name",
	  { THERE, .pci = { GPU, .driver = "nvidia" }, .conf = &mdev_name } },
};

static void a_device_is_judged(void **state)
{
	const struct row *row = *state;
	struct settings settings = taken_settings();
	struct subject s = row->s;
	struct survey survey = { .v = &s, .n = 1 };
	struct strv refusals = { 0 }, notes = { 0 };

	settings.hook.companions_auto = row->companions_auto;
	settings.hook.release_console = row->release_console;
	settings.hook.holders_wait = row->impatient ? 0 : 10;
	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_text(refusals.n ? refusals.v[0] : NULL, row->want);
	assert_int_equal(refusals.n, row->want != NULL);
}

/* --- mediated devices */

static const struct mediated_row {
	const char *name;
	struct mediated m;
	const char *want;
} mediated_rows[] = {
	{ "a mediated device that is there may be taken",
	  { .uuid = MDEV, .exists = true, .group = 5 } },
	{ "one that can be made may",
	  { .uuid = MDEV, .group = -1, .parent = "0000:05:00.0", .type = "nvidia-63" } },
	{ "one that cannot be made may not",
	  { .uuid = MDEV, .group = -1 },
	  "mediated device " MDEV " does not exist, and no [device …] section with "
	  "mdev-type in kvmshim.conf has an available instance" },
	{ "another VM's may not",
	  { .uuid = MDEV, .exists = true, .owner = &other_vm },
	  "mediated device " MDEV " is in use by VM desktop" },
};

static void a_mediated_device_is_judged(void **state)
{
	const struct mediated_row *row = *state;
	struct settings settings = taken_settings();
	struct mediated m = row->m;
	struct survey survey = { .mdevs = &m, .n_mdevs = 1 };
	struct strv refusals = { 0 }, notes = { 0 };

	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_text(refusals.n ? refusals.v[0] : NULL, row->want);
	assert_int_equal(refusals.n, row->want != NULL);
}

/* --- the order of the reasons: all are true, and one after the other is mended */

static void not_there(struct subject *s)
{
	s->exists = true;
}

static void a_bridge(struct subject *s)
{
	s->pci.bridge = false;
}

static void unexpected(struct subject *s)
{
	s->conf = NULL;
}

static void stuck(struct subject *s)
{
	s->stuck = NULL;
}

static void with_mdevs(struct subject *s)
{
	s->mdevs.n = 0;
}

static void owned(struct subject *s)
{
	s->owner = NULL;
}

static void no_group(struct subject *s)
{
	s->pci.group = 17;
}

static void a_companion(struct subject *s)
{
	s->role = ROLE_HOSTDEV;
}

static void of_another_driver(struct subject *s)
{
	s->pci.driver = "nvidia";
}

static void with_vfs(struct subject *s)
{
	s->used_vfs.n = 0;
}

static void on_the_network(struct subject *s)
{
	s->network.n = 0;
}

static void the_console(struct subject *s)
{
	s->console.vtcons.n = 0;
}

static void a_mounted_disk(struct subject *s)
{
	s->claimed.n = 0;
}

static void held(struct subject *s)
{
	s->holders.n = 0;
}

static const struct {
	void (*mend)(struct subject *s);
	const char *says;
} order[] = {
	{ not_there, "no such PCI device" },
	{ a_bridge, "is a PCI bridge" },
	{ stuck, "is stuck" },
	{ unexpected, "check the hardware, then the section" },
	{ with_mdevs, "has mediated devices, which an unbind would remove: " MDEV },
	{ owned, "is in use by VM desktop" },
	{ no_group, "has no IOMMU group" },
	{ a_companion, "still has a host driver" },
	{ of_another_driver, "unbind-drivers" },
	{ with_vfs, "virtual functions in use" },
	{ on_the_network, "is in use by the host" },
	{ the_console, "console" },
	{ a_mounted_disk, "is mounted on" },
	{ held, "has /dev/snd/controlC0 open" },
};

static void reasons_come_in_order(void **state)
{
	struct settings settings = taken_settings();
	struct subject s = {
		.role = ROLE_COMPANION,
		.pci = { .address = "0000:05:00.0", .id = "1:2", .driver = "x", .group = -1,
			 .bridge = true },
		.target = "vfio-pci",
		.conf = &expects,
		.stuck = "it hangs",
		.owner = &other_vm,
		.mdevs = LIST(MDEV), .used_vfs = LIST("0000:05:00.2 (driver x)"),
		.network = LIST("eth0 carries the default route"),
		.console = { .vtcons = LIST("vtcon1") },
		.claimed = LIST("nvme0n1 is mounted on /srv"),
		.holders = HELD_BY(sound_server),
	};
	struct survey survey = { .v = &s, .n = 1 };
	struct strv refusals = { 0 }, notes = { 0 };

	(void)state;
	settings.hook.holders_wait = 0;
	for (size_t i = 0; i < UNIT_COUNT(order); i++) {
		refusals.n = 0;
		judge(&arena, &settings, &survey, &refusals, &notes);
		assert_int_equal(refusals.n, 1);
		assert_says(refusals.v[0], "0000:05:00.0");
		assert_says(refusals.v[0], order[i].says);
		order[i].mend(&s);
	}
	refusals.n = 0;
	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_int_equal(refusals.n, 0);
}

/* --- all of them */

static void each_device_has_its_sentence(void **state)
{
	struct settings settings = taken_settings();
	struct subject all[] = {
		{ THERE, .pci = { GPU, .driver = "nvidia" }, .owner = &other_vm },
		{ THERE, .pci = { NVME, .driver = "nvme" } },
		{ THERE, .role = ROLE_COMPANION, .pci = { AUDIO, .driver = "snd_hda_intel" } },
	};
	struct mediated m = { .uuid = MDEV };
	struct survey survey = { .v = all, .n = UNIT_COUNT(all), .mdevs = &m, .n_mdevs = 1 };
	struct strv refusals = { 0 }, notes = { 0 };

	(void)state;
	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_int_equal(refusals.n, 3);
	assert_says(refusals.v[0], "0000:05:00.0 ");
	assert_says(refusals.v[1], "0000:05:00.1 ");
	assert_says(refusals.v[2], MDEV);
}

int main(void)
{
	UNIT_ROWS(rows, a_device_is_judged);
	UNIT_ROWS(mediated_rows, a_mediated_device_is_judged);
	UNIT_TEST("the reasons come in their order, one at a time", reasons_come_in_order);
	UNIT_TEST("each device that is refused has one sentence", each_device_has_its_sentence);
	return unit_run("judge");
}
