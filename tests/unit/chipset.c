/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/chipset.h"

#include "unit.h"

static const struct row {
	const char *name, *machine;
	enum chipset want;
} rows[] = {
	{ "no type is QEMU's default", NULL, CHIPSET_I440FX },
	{ "nor an empty one", "", CHIPSET_I440FX },
	{ "pc", "pc", CHIPSET_I440FX },
	{ "q35", "q35", CHIPSET_Q35 },
	{ "a version of pc", "pc-i440fx-7.2", CHIPSET_I440FX },
	{ "a version of q35", "pc-q35-7.2", CHIPSET_Q35 },
	{ "one from before QEMU said i440fx", "pc-1.3", CHIPSET_I440FX },
	{ "an older one", "pc-0.12", CHIPSET_I440FX },
	{ "RHEL's pc", "pc-i440fx-rhel7.6.0", CHIPSET_I440FX },
	{ "RHEL's q35", "pc-q35-rhel9.2.0", CHIPSET_Q35 },
	{ "RHEL 6", "rhel6.6.0", CHIPSET_I440FX },
	{ "Ubuntu's pc", "pc-i440fx-jammy", CHIPSET_I440FX },
	{ "Ubuntu's q35", "pc-q35-jammy-hpb", CHIPSET_Q35 },
	{ "Ubuntu's aliases", "ubuntu", CHIPSET_I440FX },
	{ "and the other", "ubuntu-q35", CHIPSET_Q35 },
	{ "Proxmox's pc", "pc+pve0", CHIPSET_I440FX },
	{ "Proxmox's q35", "q35+pve1", CHIPSET_Q35 },
	{ "Proxmox's versions", "pc-q35-9.2+pve1", CHIPSET_Q35 },
	{ "a glob says what it can match", "pc-i440fx-rhel*", CHIPSET_I440FX },
	{ "a glob that could be either", "pc-*", CHIPSET_UNKNOWN },
	{ "microvm has no PCI bus to speak of", "microvm", CHIPSET_UNKNOWN },
	{ "nor has ARM's virt one of these", "virt-7.2", CHIPSET_UNKNOWN },
	{ "isapc", "isapc", CHIPSET_UNKNOWN },
};

static void tells(void **state)
{
	const struct row *row = *state;

	assert_int_equal(chipset_of(row->machine), row->want);
}

static void buses(void **state)
{
	(void)state;
	assert_text(chipset_bus(CHIPSET_I440FX), "pci.0");
	assert_text(chipset_bus(CHIPSET_Q35), "pcie.0");
	assert_text(chipset_bus(CHIPSET_UNKNOWN), NULL);
}

int main(void)
{
	UNIT_ROWS(rows, tells);
	UNIT_TEST("each has its first bus", buses);
	return unit_run("chipset");
}
