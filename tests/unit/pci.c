/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/pci.h"

#include "pcitree.h"
#include "str.h"

#define GPU "pci:v000010DEd00001B06sv000010DEsd00003609bc03sc00i00"
#define AUDIO "pci:v000010DEd000010EFsv000010DEsd00003609bc04sc03i00"
#define NIC "pci:v000015B3d0000101Bsv000015B3sd00000007bc02sc00i00"

static struct pci_function look(const char *address)
{
	struct host host = tree_host();
	struct pci_function f;

	assert_int_equal(pci_function_read(&host, address, &f), 0);
	return f;
}

static void a_gpu(void **state)
{
	struct pci_function f;

	(void)state;
	pcitree_function("0000:05:00.0", GPU);
	pcitree_driver("0000:05:00.0", "nouveau");
	pcitree_group("0000:05:00.0", 11);
	pcitree_file("0000:05:00.0", "numa_node", "1\n");
	pcitree_file("0000:05:00.0", "boot_vga", "1\n");
	f = look("0000:05:00.0");
	assert_text(f.address, "0000:05:00.0");
	assert_text(f.id, "10de:1b06");
	assert_text(f.subsystem, "10de:3609");
	assert_text(f.modalias, GPU);
	assert_text(f.driver, "nouveau");
	assert_int_equal(f.class, 0x030000);
	assert_int_equal(f.group, 11);
	assert_int_equal(f.numa_node, 1);
	assert_true(f.boot_vga);
	assert_false(f.bridge);
	assert_false(f.vgpu);
	assert_null(f.physfn);
	assert_int_equal(f.vfs.n, 0);
}

static void nothing_known(void **state)
{
	struct pci_function f;

	(void)state;
	pcitree_function("0000:05:00.1", AUDIO);
	pcitree_file("0000:05:00.1", "numa_node", "-1\n");
	f = look("0000:05:00.1");
	assert_null(f.driver);
	assert_int_equal(f.group, -1);
	assert_int_equal(f.numa_node, -1);
	assert_false(f.boot_vga);
}

static void without_modalias(void **state)
{
	struct pci_function f;

	(void)state;
	pcitree_function("0000:05:00.0", NULL);
	pcitree_file("0000:05:00.0", "vendor", "0x10de\n");
	pcitree_file("0000:05:00.0", "device", "0x0b06\n");
	pcitree_file("0000:05:00.0", "subsystem_vendor", "0x1043\n");
	pcitree_file("0000:05:00.0", "subsystem_device", "0x0001\n");
	pcitree_file("0000:05:00.0", "class", "0x030200\n");
	f = look("0000:05:00.0");
	assert_text(f.id, "10de:0b06");
	assert_text(f.subsystem, "1043:0001");
	assert_int_equal(f.class, 0x030200);
	assert_null(f.modalias);
}

static void no_such_function(void **state)
{
	struct host host = tree_host();
	struct pci_function f;

	(void)state;
	assert_int_equal(pci_function_read(&host, "0000:06:00.0", &f), -ENODEV);
	pcitree_function("0000:06:00.0", NULL);
	assert_int_equal(pci_function_read(&host, "0000:06:00.0", &f), -ENODEV);
}

/* What vfio-pci refuses is the header type, not the class. */
static const struct bridge {
	const char *name, *modalias, *file;
	bool bridge;
} bridges[] = {
	{ "a root port", "pci:v00008086d00001901sv00000000sd00000000bc06sc04i00",
	  "secondary_bus_number", true },
	{ "a root port before Linux 4.13", "pci:v00008086d00001901sv00000000sd00000000bc06sc04i00",
	  "class", true },
	{ "a CardBus bridge", "pci:v0000104Cd0000AC56sv00000000sd00000000bc06sc07i00", "class",
	  true },
	{ "another kind of bridge with a bridge's header",
	  "pci:v0000111Dd0000808Fsv00000000sd00000000bc06sc80i00", "secondary_bus_number", true },
	{ "a host bridge is an endpoint", "pci:v00008086d00001237sv00001AF4sd00001100bc06sc00i00",
	  "class", false },
	{ "an ISA bridge is an endpoint", "pci:v00008086d00002918sv00001AF4sd00001100bc06sc01i00",
	  "class", false },
	{ "a network card", NIC, "class", false },
};

static void tells_bridges(void **state)
{
	const struct bridge *row = *state;

	pcitree_function("0000:00:1c.0", row->modalias);
	pcitree_file("0000:00:1c.0", row->file, "1\n");
	assert_int_equal(look("0000:00:1c.0").bridge, row->bridge);
}

static void a_pf_and_its_vfs(void **state)
{
	struct pci_function pf, vf;

	(void)state;
	pcitree_function("0000:af:00.0", NIC);
	pcitree_function("0000:af:00.2", NIC);
	pcitree_function("0000:af:01.3", NIC);
	tree_link(pcitree_path("0000:af:00.0", "virtfn0"), "../0000:af:00.2");
	tree_link(pcitree_path("0000:af:00.0", "virtfn1"), "../0000:af:01.3");
	tree_link(pcitree_path("0000:af:01.3", "physfn"), "../0000:af:00.0");
	pf = look("0000:af:00.0");
	assert_int_equal(pf.vfs.n, 2);
	assert_text(pf.vfs.v[0], "0000:af:00.2");
	assert_text(pf.vfs.v[1], "0000:af:01.3");
	assert_null(pf.physfn);
	vf = look("0000:af:01.3");
	assert_text(vf.physfn, "0000:af:00.0");
	assert_int_equal(vf.vfs.n, 0);
}

static void a_vgpu(void **state)
{
	(void)state;
	pcitree_function("0000:41:00.4", GPU);
	pcitree_file("0000:41:00.4", "nvidia/current_vgpu_type", "0\n");
	assert_true(look("0000:41:00.4").vgpu);
}

/* A platform device may share a group; it is no function. */
static void members_of_a_group(void **state)
{
	struct host host = tree_host();
	struct strv members = { 0 };

	(void)state;
	pcitree_function("0000:05:00.1", AUDIO);
	pcitree_function("0000:05:00.0", GPU);
	pcitree_function("0000:00:01.0", GPU);
	pcitree_group("0000:05:00.1", 7);
	pcitree_group("0000:05:00.0", 7);
	pcitree_group("0000:00:01.0", 7);
	tree_folder("sys/kernel/iommu_groups/7/devices/fd000000.usb");
	pci_group_members(&host, 7, &members);
	assert_int_equal(members.n, 3);
	assert_text(members.v[0], "0000:00:01.0");
	assert_text(members.v[1], "0000:05:00.0");
	assert_text(members.v[2], "0000:05:00.1");
	pci_group_members(&host, 8, &members);
	assert_int_equal(members.n, 3);
}

static const struct address {
	const char *name, *text;
	bool is;
} addresses[] = {
	{ "sysfs's spelling", "0000:05:00.0", true },
	{ "a domain of more than 16 bits", "10000:e1:1f.7", true },
	{ "without domain", "05:00.0", false },
	{ "capitals", "0000:AF:00.0", false },
	{ "a slot", "0000:05:00", false },
	{ "a port's service", "0000:00:1c.0:pcie001", false },
	{ "a host bridge's folder", "pci0000:00", false },
	{ "a path", "../0000:05:00.0", false },
	{ "nothing", "", false },
};

static void knows_addresses(void **state)
{
	const struct address *row = *state;

	assert_int_equal(pci_is_address(row->text), row->is);
}

/* Config space with a chain of extended capabilities; its end is cut at `len`. */
static const struct serial {
	const char *name;
	uint32_t first, second; /* headers at 0x100 and 0x148 */
	size_t len;
	const char *want;
} serials[] = {
	{ "the second capability", 0x14820001, 0x00010003, 4096, "00-11-22-33-44-55-66-77" },
	{ "no such capability", 0x14820001, 0x00010019, 4096, NULL },
	{ "a chain that is a ring", 0x14820001, 0x10010019, 4096, NULL },
	{ "a capability that points at itself", 0x10020001, 0x00010003, 4096, NULL },
	{ "a chain into the first 256 bytes", 0x04020001, 0x00010003, 4096, NULL },
	{ "what everybody may read", 0x14820001, 0x00010003, 64, NULL },
	{ "a capability that the end cuts", 0x14820001, 0x00010003, 0x150, NULL },
	{ "no extended capabilities", 0, 0x00010003, 4096, NULL },
	{ "a device that does not answer", 0xffffffff, 0x00010003, 4096, NULL },
};

static void put_dword(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static void tells_serials(void **state)
{
	const struct serial *row = *state;
	struct host host = tree_host();
	unsigned char config[4096] = { 0 };

	put_dword(config + 0x100, row->first);
	put_dword(config + 0x148, row->second);
	put_dword(config + 0x14c, 0x44556677);
	put_dword(config + 0x150, 0x00112233);
	pcitree_function("0000:05:00.0", GPU);
	tree_bytes(pcitree_path("0000:05:00.0", "config"), config, row->len, 0644);
	assert_text(pci_serial(&host, "0000:05:00.0"), row->want);
}

static void an_nvme_serial(void **state)
{
	struct host host = tree_host();

	(void)state;
	pcitree_function("0000:02:00.0", NIC);
	assert_text(pci_serial(&host, "0000:02:00.0"), NULL);
	pcitree_file("0000:02:00.0", "nvme/nvme3/serial", "S4EV NF0M1       \n");
	assert_text(pci_serial(&host, "0000:02:00.0"), "S4EV NF0M1");
}

static const struct driver {
	const char *name, *driver;
	bool vfio;
} drivers[] = {
	{ "vfio-pci", "vfio-pci", true },
	{ "mlx5's variant", "mlx5_vfio_pci", true },
	{ "nvgrace's variant", "nvgrace-gpu-vfio-pci", true },
	{ "nvidia", "nvidia", false },
	{ "a name that ends alike", "novfio-pci", false },
	{ "a name that begins alike", "vfio-pci-core", false },
	{ "nothing", "", false },
};

static void knows_vfio(void **state)
{
	const struct driver *row = *state;

	assert_int_equal(pci_driver_is_vfio(row->driver), row->vfio);
}

#define PLAIN "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
#define MLX5 "alias vfio_pci:v000015B3d0000101Bsv*sd*bc*sc*i* mlx5_vfio_pci\n"
#define GRACE "alias vfio_pci:v000010DEd00001B06sv*sd*bc*sc*i* nvgrace_gpu_vfio_pci\n"

static const struct module {
	const char *name, *aliases, *modalias, *want;
} modules[] = {
	{ "the only one that fits", "# Aliases\n" PLAIN MLX5, GPU, "vfio_pci" },
	{ "the one with the fewest wildcards", PLAIN MLX5 GRACE, NIC, "mlx5_vfio_pci" },
	{ "wherever it is", GRACE MLX5 PLAIN, GPU, "nvgrace_gpu_vfio_pci" },
	{ "the first of two alike", MLX5 "alias vfio_pci:v000015B3d0000101Bsv*sd*bc*sc*i* other\n",
	  NIC, "mlx5_vfio_pci" },
	{ "not an alias of the host's drivers",
	  "alias pci:v000010DEd00001B06sv*sd*bc*sc*i* nouveau\n" PLAIN, GPU, "vfio_pci" },
	{ "not a line's middle", "#" GRACE, GPU, "vfio_pci" },
	{ "not an alias without module",
	  "alias vfio_pci:v000010DEd00001B06sv*sd*bc*sc*i*\nalias x y\n", GPU, "vfio_pci" },
	{ "a last line without newline", PLAIN "alias vfio_pci:v000010DEd*sv*sd*bc*sc*i* gpu", GPU,
	  "gpu" },
	{ "an empty file", "", GPU, "vfio_pci" },
	{ "no file", NULL, GPU, "vfio_pci" },
	{ "no modalias", GRACE, NULL, "vfio_pci" },
};

static void chooses_modules(void **state)
{
	const struct module *row = *state;
	struct host host = tree_host();

	if (row->aliases)
		tree_file("lib/modules/6.8.0-1/modules.alias", row->aliases);
	assert_text(pci_vfio_module(&host, "6.8.0-1", row->modalias), row->want);
}

static void names_drivers(void **state)
{
	struct host host = tree_host();

	(void)state;
	assert_text(pci_driver_of_module(&host, "vfio_pci"), "vfio-pci");
	/* their modules are not loaded yet */
	assert_text(pci_driver_of_module(&host, "mlx5_vfio_pci"), "mlx5_vfio_pci");
	assert_text(pci_driver_of_module(&host, "nvgrace-gpu-vfio-pci"), "nvgrace_gpu_vfio_pci");
	tree_folder("sys/bus/pci/drivers/mlx5_vfio_pci");
	tree_folder("sys/bus/pci/drivers/hisi-acc-vfio-pci");
	assert_text(pci_driver_of_module(&host, "mlx5_vfio_pci"), "mlx5_vfio_pci");
	assert_text(pci_driver_of_module(&host, "hisi_acc_vfio_pci"), "hisi-acc-vfio-pci");
	assert_true(pci_driver_exists(&host, "mlx5_vfio_pci"));
	assert_false(pci_driver_exists(&host, "vfio-pci"));
}

static void the_same_driver(void **state)
{
	(void)state;
	assert_true(pci_same_driver("vfio-pci", "vfio_pci"));
	assert_true(pci_same_driver("mlx5_vfio-pci", "mlx5-vfio_pci"));
	assert_false(pci_same_driver("vfio-pci", "vfio-pci2"));
	assert_false(pci_same_driver("xhci_hcd", "xhci"));
	assert_false(pci_same_driver(NULL, "vfio-pci"));
	assert_true(pci_same_driver(NULL, NULL));
}

static void names_paths(void **state)
{
	(void)state;
	assert_text(pci_attribute_path(&arena, "0000:05:00.0", "driver_override"),
		    "/sys/bus/pci/devices/0000:05:00.0/driver_override");
	assert_text(pci_driver_path(&arena, "nvidia", "unbind"),
		    "/sys/bus/pci/drivers/nvidia/unbind");
}

static void id_files(const char *address, const char *vendor, const char *device)
{
	tree_file(arena_printf(&arena, "sys/bus/pci/devices/%s/vendor", address), vendor);
	if (device)
		tree_file(arena_printf(&arena, "sys/bus/pci/devices/%s/device", address), device);
}

static const struct id {
	const char *name, *address, *want;
} ids[] = {
	{ "a device by its whole address", "0000:05:00.0", "10de:1b06" },
	{ "without its domain", "05:00.0", "10de:1b06" },
	{ "without leading zeros", "5:0.0", "10de:1b06" },
	{ "with a short domain", "0:5:0.0", "10de:1b06" },
	{ "another function", "05:00.1", "10de:10ef" },
	{ "capitals in the address", "0000:AF:1F.7", "8086:00ab" },
	{ "a domain of more than 16 bits", "10000:e1:00.0", "8086:0a54" },
	{ "a device that is not there", "06:00.0", NULL },
	{ "a device whose id cannot be read", "07:00.0", NULL },
	{ "an id that is no number", "08:00.0", NULL },
	{ "a slot alone is no address", "05", NULL },
	{ "no function", "05:00", NULL },
	{ "something behind it", "05:00.0x", NULL },
	{ "a path", "../../../etc", NULL },
	{ "nothing", "", NULL },
};

static void reads_ids(void **state)
{
	const struct id *row = *state;
	struct host host = tree_host();

	id_files("0000:05:00.0", "0x10de\n", "0x1b06\n");
	id_files("0000:05:00.1", "0x10de\n", "0x10ef\n");
	id_files("0000:af:1f.7", "0x8086\n", "0x00ab\n");
	id_files("10000:e1:00.0", "0x8086\n", "0x0a54\n");
	id_files("0000:07:00.0", "0x8086\n", NULL);
	id_files("0000:08:00.0", "0x8086\n", "none\n");
	assert_text(pci_id(&host, row->address), row->want);
}

int main(void)
{
	TREE_TEST("a GPU with everything", a_gpu);
	TREE_TEST("a function without driver, group, node", nothing_known);
	TREE_TEST("without modalias its parts are read one by one", without_modalias);
	TREE_TEST("a function that is not there, or says nothing", no_such_function);
	TREE_ROWS(bridges, tells_bridges);
	TREE_TEST("a PF names its VFs in order, a VF its PF", a_pf_and_its_vfs);
	TREE_TEST("nvidia's vGPU on a VF", a_vgpu);
	TREE_ROWS(ids, reads_ids);
	TREE_TEST("a group's functions, sorted", members_of_a_group);
	UNIT_ROWS(addresses, knows_addresses);
	TREE_ROWS(serials, tells_serials);
	TREE_TEST("an NVMe controller's serial, without the blanks", an_nvme_serial);
	UNIT_ROWS(drivers, knows_vfio);
	TREE_ROWS(modules, chooses_modules);
	TREE_TEST("a driver's name for a module's", names_drivers);
	TREE_TEST("- and _ are the same in a driver's name", the_same_driver);
	UNIT_TEST("paths", names_paths);
	return unit_run("pci");
}
