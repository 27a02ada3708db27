/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What refuses a device that libvirt binds itself, what is only noted, and what is not asked. */
#include "hooks/survey/judge.h"

#include "str.h"
#include "subjects.h"

#define IT THERE, .role = ROLE_MANAGED

static const struct reservation other_vm = { .journal = { .name = "desktop" }, .life = LIFE_QEMU };
static const struct device_settings expects = { .line = 7, .expect_id = "10de:1b80" };
static struct node card = { .name = "dri/card0", .kind = HOLDER_DRM };
static struct node disk = { .name = "sda", .kind = HOLDER_DISK, .block = true };
static struct holder compositor[] = { { { 812, 1 }, "kwin_wayland", NULL, &card } };
static struct holder writer[] = { { { 4242, 1 }, "dd", NULL, &disk } };

/* Which of the three values of `managed` refuse it: c, e, n. */
static const struct row {
	const char *name;
	struct subject s;
	const char *says, *refuse;
} rows[] = {
	{ "one that is not there", { .role = ROLE_MANAGED, .pci = { GPU } }, "this host has no such PCI device", "cen" },
	{ "a stuck one", { IT, .pci = { GPU }, .stuck = "it hangs" }, "is stuck", "cen" },
	{ "another VM's", { IT, .pci = { GPU }, .owner = &other_vm }, "in use by VM desktop", "cen" },
	{ "a disk that is mounted", { IT, .pci = { NVME, .driver = "nvme" }, .claimed = LIST("sda is swap") }, "sda is swap", "ce" },
	{ "a disk that is open", { IT, .pci = { NVME, .driver = "nvme" }, .holders = { writer, 1, 0 } }, "dd (pid 4242) has /dev/sda open", "ce" },
	{ "the host's network", { IT, .pci = { GPU, .driver = "nvidia" }, .network = LIST("eth0 carries the default route") },
	  "eth0 carries the default route", "ce" },
	{ "VFs in use", { IT, .pci = { GPU, .driver = "nvidia" }, .used_vfs = LIST("0000:05:00.2 (VM web)") }, "(VM web)", "ce" },
	{ "mediated devices", { IT, .pci = { GPU, .driver = "nvidia" }, .mdevs = LIST(MDEV) }, "has mediated devices", "ce" },
	{ "another card than expected", { IT, .pci = { GPU, .driver = "nvidia" }, .conf = &expects }, "expects 10de:1b80", "ce" },
	{ "one whose users are unknown", { IT, .pci = { GPU }, .unread = 5 }, "so its users are unknown", "ce" },
	{ "a driver that is not in the list", { IT, .pci = { GPU, .driver = "frob" } }, "driver frob is not in unbind-drivers", "c" },
	{ "the console", { IT, .pci = { GPU, .driver = "nvidia" }, .console = { .vtcons = LIST("vtcon1") } }, "shows the host console", "c" },
	{ "VFs that nobody uses", { IT, .pci = { GPU, .driver = "nvidia", .vfs = LIST("0000:05:00.2") } }, "has virtual functions enabled", "c" },
	{ "memory of the firmware", { IT, .pci = { GPU, .driver = "nvidia" }, .rmrr = "0x1000-0x1fff" }, "(RMRR, 0x1000-0x1fff)", "c" },
	{ "no IOMMU group", { IT, .pci = { .address = "0000:05:00.0", .group = -1 } }, "has no IOMMU group", "c" },
};

static void check_with(const struct row *row, enum managed_check managed, bool refuse)
{
	struct settings settings = taken_settings();
	struct subject s = row->s;
	struct survey survey = { .v = &s, .n = 1 };
	struct strv refusals = { 0 }, notes = { 0 };

	settings.hook.managed = managed;
	settings.hook.holders_wait = 0;
	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_int_equal(refusals.n, refuse);
	if (refuse)
		assert_says(refusals.v[0], row->says);
	assert_int_equal(notes.n, !refuse && (managed == MANAGED_ESSENTIAL || !managed));
	if (notes.n) {
		assert_says(notes.v[0], row->says);
		assert_says(notes.v[0], "; the start continues, because libvirt binds this device "
					"(managed = essential in kvmshim.conf)");
	}
}

static void is_judged(void **state)
{
	const struct row *row = *state;

	check_with(row, MANAGED_CHECK, strchr(row->refuse, 'c'));
	check_with(row, MANAGED_ESSENTIAL, strchr(row->refuse, 'e'));
	check_with(row, MANAGED_UNSET, strchr(row->refuse, 'e'));
	check_with(row, MANAGED_NO, strchr(row->refuse, 'n'));
}

/* The survey has sorted the holders, and judge() says what it found. */
static void notes_holders(void **state)
{
	struct settings settings = taken_settings();
	struct subject s[] = {
		{ IT, .pci = { GPU, .driver = "nvidia" }, .noted = { compositor, 1, 0 } },
		{ THERE, .pci = { AUDIO, .driver = "nvidia" }, .tried = { compositor, 1, 0 } },
	};
	struct survey survey = { .v = s, .n = 2 };
	struct strv refusals = { 0 }, notes = { 0 };

	(void)state;
	settings.hook.managed = MANAGED_ESSENTIAL;
	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_int_equal(refusals.n, 0);
	assert_int_equal(notes.n, 2);
	assert_text(notes.v[0], "0000:05:00.0 is in use: kwin_wayland (pid 812) has /dev/dri/card0 open; the "
				"start continues, because libvirt binds this device (managed = essential in "
				"kvmshim.conf)");
	assert_text(notes.v[1], "0000:05:00.1 is in use: kwin_wayland (pid 812) has /dev/dri/card0 open; the "
				"unbind does not wait for this program (holders = drm:try in kvmshim.conf)");
}

/* What holds for libvirt's devices holds for no other. */
static void others_are_judged(void **state)
{
	struct settings settings = taken_settings();
	struct subject s = { THERE, .pci = { GPU, .driver = "frob" } };
	struct survey survey = { .v = &s, .n = 1 };
	struct strv refusals = { 0 }, notes = { 0 };

	(void)state;
	settings.hook.managed = MANAGED_NO;
	judge(&arena, &settings, &survey, &refusals, &notes);
	assert_int_equal(refusals.n, 1);
	assert_int_equal(notes.n, 0);
}

int main(void)
{
	UNIT_ROWS(rows, is_judged);
	UNIT_TEST("holders that refuse nothing are noted", notes_holders);
	UNIT_TEST("a device that the hook binds is judged all the same", others_are_judged);
	return unit_run("judgemanaged");
}
