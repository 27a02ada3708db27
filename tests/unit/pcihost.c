/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/pcihost.h"

#include "host/pci/pci.h"
#include "pcitree.h"

#define GPU "0000:01:00.0"
#define MODALIAS "pci:v000010DEd00001B06sv000010DEsd00003609bc03sc00i00"

/* A root port behind a VMD controller, which has a domain of its own. */
#define VMD "sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:01.0"

static struct pci_place place_of(const char *address)
{
	struct host host = tree_host();
	struct pci_function f;
	struct pci_place p;
	int all = pcihost_open(&host);

	pcihost_read(&arena, all, address, &f, &p);
	close(all);
	return p;
}

static void all_are_listed(void **state)
{
	static const char *const want[] = { "0000:00:1f.0", "0000:01:00.0", "ffff:00:00.0",
					    "10000:e1:00.0" };
	struct host host = tree_host();
	struct strv addresses = { 0 };

	(void)state;
	pcihost_addresses(&host, &addresses);
	assert_int_equal(addresses.n, 0);
	for (size_t i = UNIT_COUNT(want); i-- > 0;)
		pcitree_function(want[i], NULL);
	tree_file("sys/bus/pci/devices/uevent", "");
	pcihost_addresses(&host, &addresses);
	assert_int_equal(addresses.n, UNIT_COUNT(want));
	for (size_t i = 0; i < UNIT_COUNT(want); i++)
		assert_string_equal(addresses.v[i], want[i]);
}

static void what_it_hangs_from(void **state)
{
	struct pci_place p;

	(void)state;
	tree_file(VMD "/modalias", MODALIAS);
	tree_file(VMD "/10000:e1:00.0/modalias", MODALIAS);
	tree_folder("sys/bus/pci/devices");
	tree_link("sys/bus/pci/devices/10000:e1:00.0",
		  "../../../../" VMD "/10000:e1:00.0");
	tree_link("sys/bus/pci/devices/10000:e0:01.0",
		  "../../../../" VMD);
	p = place_of("10000:e1:00.0");
	assert_text(p.above, "10000:e0:01.0");
	assert_text(p.root, "pci10000:e0");
	p = place_of("10000:e0:01.0");
	assert_text(p.above, NULL);
	assert_text(p.root, "pci10000:e0");
}

static void what_is_not_there(void **state)
{
	struct pci_place p;

	(void)state;
	tree_file("sys/bus/pci/devices/" GPU "/modalias", MODALIAS);
	p = place_of(GPU);
	assert_text(p.above, NULL);
	assert_text(p.root, "pci0000:01");
	assert_int_equal(p.resets.n, 0);
	assert_int_equal(p.total_vfs, 0);
}

static void how_it_is_reset(void **state)
{
	struct pci_place p;

	(void)state;
	pcitree_function(GPU, MODALIAS);
	assert_int_equal(place_of(GPU).resets.n, 0);
	pcitree_file(GPU, "reset", "");
	p = place_of(GPU);
	assert_int_equal(p.resets.n, 1);
	assert_string_equal(p.resets.v[0], "unnamed");
	pcitree_file(GPU, "reset_method", "flr bus\n");
	p = place_of(GPU);
	assert_int_equal(p.resets.n, 2);
	assert_string_equal(p.resets.v[1], "bus");
	pcitree_file(GPU, "reset_method", "\n");
	assert_int_equal(place_of(GPU).resets.n, 0);
	pcitree_file(GPU, "sriov_totalvfs", "63\n");
	assert_int_equal(place_of(GPU).total_vfs, 63);
}

static void what_slots_are_called(void **state)
{
	struct host host = tree_host();
	struct pci_slots slots = { 0 };

	(void)state;
	tree_file("sys/bus/pci/slots/4/address", "0000:01:00\n");
	tree_file("sys/bus/pci/slots/M2_1/address", "0000:01:01\n");
	tree_folder("sys/bus/pci/slots/5");
	pcihost_slots(&host, &slots);
	assert_int_equal(slots.n, 2);
	assert_text(pcihost_slot(&slots, GPU), "4");
	assert_text(pcihost_slot(&slots, "0000:01:01.7"), "M2_1");
	assert_text(pcihost_slot(&slots, "0000:02:00.0"), NULL);
}

int main(void)
{
	TREE_TEST("all functions, in the order of their numbers", all_are_listed);
	TREE_TEST("the bridge above and the host bridge, also behind a VMD", what_it_hangs_from);
	TREE_TEST("nothing is taken for granted", what_is_not_there);
	TREE_TEST("reset methods, and what was before there were any", how_it_is_reset);
	TREE_TEST("slots have names", what_slots_are_called);
	return unit_run("pcihost");
}
