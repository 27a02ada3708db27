/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware, kernel and CPU of a host say, and hosts where they say nothing. */
#include "host/machine.h"

#include "pcitree.h"

static struct machine look(void)
{
	struct host host = tree_host();
	struct machine m;

	machine_read(&host, &m);
	return m;
}

static void kernel_line(void **state)
{
	struct machine m;

	(void)state;
	tree_file("proc/cmdline", "root=/dev/sda1  quiet vfio_pci.ids=10de:1b06 intel_iommu=on,sm_on intel_iommu=off\n");
	m = look();
	assert_int_equal(m.kernel.n, 5);
	assert_text(machine_kernel_value(&m, "vfio-pci.ids"), "10de:1b06");
	assert_text(machine_kernel_value(&m, "intel_iommu"), "off");
	assert_null(machine_kernel_value(&m, "quiet"));
	assert_null(machine_kernel_value(&m, "iommu"));
	assert_null(machine_kernel_value(&m, "root=/dev"));
}

static const struct {
	const char *cpuinfo;
	enum cpu_maker maker;
	bool virtualises;
} cpus[] = {
	{ "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n", CPU_INTEL, true },
	{ "vendor_id\t: GenuineIntel\nflags\t\t: vmx fpu\n", CPU_INTEL, true },
	{ "vendor_id\t: GenuineIntel\nflags\t\t: fpu\nvmx flags\t: vnmi vmx svm\n", CPU_INTEL, false },
	{ "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm lm", CPU_AMD, true },
	{ "vendor_id\t: AuthenticAMD\nflags\t\t: svm_lock xsvm\n", CPU_AMD, false },
	{ "vendor_id\t: HygonGenuine\nflags\t\t: svm\n", CPU_AMD, true },
	{ "CPU implementer\t: 0x41\nFeatures\t: fp asimd\n", CPU_OTHER, false },
	{ "", CPU_OTHER, false },
};

static void cpu(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		struct machine m;

		tree_file("proc/cpuinfo", cpus[i].cpuinfo);
		m = look();
		assert_true(m.has_cpuinfo);
		assert_int_equal(m.maker, cpus[i].maker);
		assert_int_equal(m.virtualises, cpus[i].virtualises);
	}
}

static void modules(void **state)
{
	struct host host = tree_host();
	struct machine m = look();

	(void)state;
	assert_false(machine_has_module(&host, &m, "vfio_pci"));
	tree_file(arena_printf(&arena, "lib/modules/%s/modules.dep", m.release),
		  "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n");
	tree_file(arena_printf(&arena, "lib/modules/%s/modules.builtin", m.release),
		  "kernel/fs/ext4/ext4.ko\nkernel/drivers/vfio/vfio_iommu_type1.ko");
	assert_true(machine_has_module(&host, &m, "vfio_pci"));
	assert_true(machine_has_module(&host, &m, "vfio_iommu_type1"));
	assert_false(machine_has_module(&host, &m, "vfio"));
	tree_folder("sys/module/vfio");
	assert_true(machine_has_module(&host, &m, "vfio"));
}

static void functions(void **state)
{
	struct machine m;

	(void)state;
	pcitree_function("0000:05:00.0", NULL);
	pcitree_file("0000:05:00.0", "vendor", "0x10de\n");
	pcitree_file("0000:05:00.0", "device", "0x1b06\n");
	pcitree_file("0000:05:00.0", "class", "0x030000\n");
	pcitree_function("0000:06:00.0", NULL); /* gone as we look */
	tree_file("sys/bus/pci/devices/odd/vendor", "0x10de\n");
	tree_folder("sys/kernel/iommu_groups/5");
	tree_file("proc/stat", "cpu 1 2\nbtime 1700000000\n");
	tree_file("proc/mounts", "tmpfs /run tmpfs rw 0 0\n");
	tree_file("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "N\n");
	m = look();
	assert_true(m.has_mounts && !m.has_hugetlbfs && !m.unsafe_interrupts);
	tree_file("proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw 0 0\n");
	assert_true(look().has_hugetlbfs);
	assert_int_equal(m.n_functions, 1);
	assert_non_null(machine_function(&m, "0000:05:00.0"));
	assert_null(machine_function(&m, "0000:05:00.1"));
	assert_int_equal(m.groups, 1);
	assert_int_equal(m.booted, 1700000000);
}

static void nothing(void **state)
{
	struct machine m = look();

	(void)state;
	assert_false(m.has_cpuinfo || m.virtualises || m.has_kvm || m.has_acpi || m.has_interrupts);
	assert_null(m.iommu_table);
	assert_int_equal(m.groups + m.n_functions + m.kernel.n, 0);
	assert_int_equal(m.booted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kernel_line, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(cpu, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(modules, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(functions, tree_make, tree_drop),
		cmocka_unit_test_setup_teardown(nothing, tree_make, tree_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
