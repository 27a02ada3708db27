/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command line and the host say of a VM. */
#include "wrapper/match.h"

#include "conf/condition.h"
#include "err.h"
#include "host/vfiocdev.h"
#include "line.h"
#include "tree.h"
#include "conf/expand.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define ALL ~0u

static const char *fact_text(const struct facts *f, enum fact fact)
{
	struct strbuf b = { .arena = &arena };

	if (!f->of[fact].known)
		return "unknown";
	for (size_t i = 0; i < f->of[fact].n; i++)
		strbuf_addf(&b, "%s%s", i ? "," : "", f->of[fact].v[i]);
	return strbuf_text(&b);
}

static const struct row {
	const char *name, *line, *real;
	enum fact fact;
	const char *want;
} rows[] = {
	{ "the name", "-name guest=web,debug-threads=on", NULL, FACT_NAME, "web" },
	{ "no name", "-S", NULL, FACT_NAME, "unknown" },
	{ "an empty name", "-name ,debug-threads=on", NULL, FACT_NAME, "unknown" },
	{ "a name with a comma", "-name a,,b", NULL, FACT_NAME, "a,b" },
	{ "the UUID, lowered", "-uuid 4C4C4544-0031-3310-8047-B3C04F4A3532", NULL, FACT_UUID, UUID },
	{ "the UUID of -smbios", "-smbios type=1,uuid=4C4C4544-0031-3310-8047-B3C04F4A3532", NULL,
	  FACT_UUID, UUID },
	{ "the last of them", "-smbios type=1,uuid=x -smbios type=0x1,uuid=" UUID
	  " -smbios type=1,product=x", NULL, FACT_UUID, UUID },
	{ "-uuid wins over it", "-uuid " UUID " -smbios type=1,uuid=11111111-2222-3333-4444-555555555555",
	  NULL, FACT_UUID, UUID },
	{ "another type's uuid is none", "-smbios type=2,uuid=" UUID, NULL, FACT_UUID, "unknown" },
	{ "a UUID that is none", "-uuid ../../etc", NULL, FACT_UUID, "unknown" },
	{ "the machine", "-M usb=on -machine pc-q35-7.2,accel=kvm", NULL, FACT_MACHINE, "pc-q35-7.2" },
	{ "no machine", "-S", NULL, FACT_MACHINE, "unknown" },
	{ "the model of the CPU", "-cpu Skylake-Client,kvm=off", NULL, FACT_CPU, "Skylake-Client" },
	{ "no -cpu", "-S", NULL, FACT_CPU, "unknown" },

	{ "the accelerator of -accel", "-accel kvm", NULL, FACT_ACCEL, "kvm" },
	{ "of several the first", "-accel kvm -accel tcg", NULL, FACT_ACCEL, "kvm" },
	{ "its properties do not count", "-accel tcg,thread=single", NULL, FACT_ACCEL, "tcg" },
	{ "that of the machine", "-machine q35,accel=kvm:tcg", NULL, FACT_ACCEL, "kvm" },
	{ "that of -enable-kvm", "-enable-kvm", NULL, FACT_ACCEL, "kvm" },
	{ "without any it is tcg", "-S", NULL, FACT_ACCEL, "tcg" },

	{ "the architecture is in the emulator's name", "-S", "/usr/bin/qemu-system-aarch64", FACT_ARCH,
	  "aarch64" },
	{ "with .real behind it", "-S", "/usr/bin/qemu-system-x86_64.real", FACT_ARCH, "x86_64" },
	{ "with anything else behind it", "-S", "/usr/bin/qemu-system-x86_64-7.2", FACT_ARCH, "x86_64" },

	{ "a device by its id", "-device vfio-pci,host=05:00.0", NULL, FACT_PCI, "10de:1b06" },
	{ "in JSON", "-device {\"driver\":\"vfio-pci\",\"host\":\"0000:05:00.0\"}", NULL, FACT_PCI,
	  "10de:1b06" },
	{ "without hot-plug", "-device vfio-pci-nohotplug,host=05:00.0", NULL, FACT_PCI, "10de:1b06" },
	{ "by its folder", "-device vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:05:00.0", NULL, FACT_PCI,
	  "10de:1b06" },
	{ "several", "-device vfio-pci,host=05:00.0 -device vfio-pci,host=05:00.1", NULL, FACT_PCI,
	  "10de:1b06,10de:10ef" },
	{ "no device", "-device virtio-net-pci", NULL, FACT_PCI, "" },
	{ "a mediated device is none", "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID, NULL,
	  FACT_PCI, "" },
	{ "one that is not there makes it unknown",
	  "-device vfio-pci,host=05:00.0 -device vfio-pci,host=09:00.0", NULL, FACT_PCI, "unknown" },
	{ "by its folder among the devices",
	  "-device vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:05:00.0", NULL, FACT_PCI, "10de:1b06" },
	{ "by a link to its folder", "-device vfio-pci,sysfsdev=/sys/class/vfio-dev/vfio3/device", NULL,
	  FACT_PCI, "10de:1b06" },
	{ "a mediated device by its parent's folder",
	  "-device vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:05:00.0/" UUID, NULL, FACT_PCI, "" },
	{ "a folder that leads to no device makes it unknown", "-device vfio-pci,sysfsdev=/sys/x", NULL,
	  FACT_PCI, "unknown" },
	{ "a descriptor of nobody's makes it unknown",
	  "-device {\"driver\":\"vfio-pci\",\"iommufd\":\"iommufd0\",\"fd\":\"24\"}", NULL, FACT_PCI,
	  "unknown" },
	{ "a device of which nothing is said makes it unknown",
	  "-device vfio-pci,host=05:00.0 -device {\"driver\":\"vfio-pci\",\"iommufd\":\"iommufd0\"}",
	  NULL, FACT_PCI, "unknown" },
	{ "another device with a host address", "-device usb-host,host=05:00.0", NULL, FACT_PCI, "" },
	{ "JSON that QEMU refuses is passed over", "-device {\"driver\":\"vfio-pci\",}", NULL, FACT_PCI,
	  "" },
};

static void make_host(void)
{
	tree_file("sys/bus/pci/devices/0000:05:00.0/vendor", "0x10de\n");
	tree_file("sys/bus/pci/devices/0000:05:00.0/device", "0x1b06\n");
	tree_file("sys/bus/pci/devices/0000:05:00.1/vendor", "0x10de\n");
	tree_file("sys/bus/pci/devices/0000:05:00.1/device", "0x10ef\n");
	tree_folder("sys/class/vfio-dev/vfio3");
	tree_link("sys/class/vfio-dev/vfio3/device", "../../0000:05:00.0");
}

static void takes_facts(void **state)
{
	const struct row *row = *state;
	struct host host = tree_host();
	struct cmdline c;
	struct facts f;
	struct err err;

	make_host();
	line_parse(row->line, &c);
	assert_int_equal(
		match_facts(&host, &c, row->real ? row->real : "/x/qemu-kvm", ALL, &f, &err), 0);
	assert_text(fact_text(&f, row->fact), row->want);
}

/* QEMU looks at the name it was called by. */
static void called_kvm(void **state)
{
	static const struct qemuopts opts;
	struct host host = tree_host();
	char **argv = line_argv("-S");
	char name[] = "/usr/bin/qemu-kvm";
	struct cmdline c;
	struct facts f;
	struct err err;

	(void)state;
	argv[0] = name;
	cmdline_parse(&arena, &opts, argv, &c);
	match_facts(&host, &c, "q", 0, &f, &err);
	assert_text(fact_text(&f, FACT_ACCEL), "kvm");
}

static void only_what_is_needed(void **state)
{
	struct host host = tree_host();
	struct cmdline c;
	struct facts f;
	struct err err;

	(void)state;
	make_host();
	line_parse("-uuid " UUID " -device vfio-pci,host=05:00.0", &c);
	assert_int_equal(match_facts(&host, &c, "q", 1u << FACT_NAME, &f, &err), 0);
	assert_text(fact_text(&f, FACT_PCI), "unknown");
	assert_int_equal(match_facts(&host, &c, "q", 1u << FACT_PCI, &f, &err), 0);
	assert_text(fact_text(&f, FACT_PCI), "10de:1b06");
	tree_file("run/kvmshim/vm/" UUID "/facts.json", "broken");
	assert_true(match_facts(&host, &c, "q", 1u << FACT_NAME, &f, &err) < 0);
}

static void from_the_hook(void **state)
{
	struct host host = tree_host();
	struct cmdline c;
	struct facts f;
	struct err err;

	(void)state;
	tree_file("run/kvmshim/vm/" UUID "/facts.json",
		  "{\"version\":1,\"uuid\":\"" UUID "\",\"nova\":{\"flavor\":\"m1\"}}");
	line_parse("-uuid 4C4C4544-0031-3310-8047-B3C04F4A3532", &c);
	assert_int_equal(match_facts(&host, &c, "q", 1u << FACT_USER, &f, &err), 0);
	assert_text(fact_text(&f, FACT_FLAVOR), "m1");
	assert_text(fact_text(&f, FACT_USER), "unknown");
	line_parse("-S", &c);
	assert_int_equal(match_facts(&host, &c, "q", 1u << FACT_USER, &f, &err), 0);
	assert_text(fact_text(&f, FACT_FLAVOR), "unknown");
}

/* The facts of one line, whose descriptors are this process's. */
static const char *pci_of(const char *line)
{
	struct host host = tree_host();
	struct cmdline c;
	struct facts f;
	struct err err;

	line_parse(line, &c);
	c.files = VFIOCDEV_OURS;
	assert_int_equal(match_facts(&host, &c, "q", 1u << FACT_PCI, &f, &err), 0);
	return fact_text(&f, FACT_PCI);
}

static const char *device_by(int fd)
{
	return arena_printf(&arena, "-uuid " UUID " -device {\"driver\":\"vfio-pci\",\"id\":\"hostdev0\","
				    "\"iommufd\":\"iommufd0\",\"fd\":\"%d\"}", fd);
}

static void by_descriptor(void **state)
{
	int fd;

	(void)state;
	make_host();
	tree_file("dev/vfio/devices/vfio3", "");
	tree_file("dev/vfio/devices/vfio4", "");
	fd = open(tree_path("dev/vfio/devices/vfio3"), O_RDONLY | O_CLOEXEC);
	assert_text(pci_of(device_by(fd)), "10de:1b06");
	close(fd);
	assert_text(pci_of(device_by(fd)), "unknown");
	fd = open(tree_path("dev/vfio/devices/vfio4"), O_RDONLY | O_CLOEXEC);
	assert_text(pci_of(device_by(fd)), "unknown");
	close(fd);
}

/* Whatever the path of the device node is in the daemon's /dev. */
static void by_number(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	make_host();
	tree_folder("sys/dev/char");
	assert_text(pci_of(device_by(fd)), "unknown");
	tree_link("sys/dev/char/1:3", "../../class/vfio-dev/vfio3");
	assert_text(pci_of(device_by(fd)), "unknown");
	tree_link("sys/class/vfio-dev/vfio3/subsystem", "../../vfio-dev");
	assert_text(pci_of(device_by(fd)), "10de:1b06");
	close(fd);
}

static void write_hostdevs(const char *list)
{
	tree_file("run/kvmshim/vm/" UUID "/facts.json",
		  arena_printf(&arena, "{\"version\":1,\"uuid\":\"" UUID "\",\"hostdevs\":%s}", list));
}

static void by_the_hook(void **state)
{
	const char *one = device_by(9999);
	const char *both = arena_printf(&arena, "%s -device vfio-pci,host=05:00.1", one);

	(void)state;
	make_host();
	write_hostdevs("[{\"pci\":\"0000:05:00.0\",\"id\":\"10de:1b06\"}]");
	assert_text(pci_of(one), "10de:1b06");
	assert_text(pci_of(both), "10de:10ef,10de:1b06");
	assert_text(pci_of(arena_printf(&arena, "%s -device vfio-pci,fd=9998", one)), "unknown");
	write_hostdevs("[{\"pci\":\"0000:05:00.1\"},{\"pci\":\"0000:05:00.0\"}]");
	assert_text(pci_of(one), "unknown");
	assert_text(pci_of(both), "10de:10ef,10de:1b06");
	write_hostdevs("[{\"pci\":\"0000:09:00.0\",\"id\":\"8086:1521\"}]");
	assert_text(pci_of(one), "8086:1521");
	write_hostdevs("[{\"pci\":\"0000:09:00.0\"}]");
	assert_text(pci_of(one), "unknown");
}

static void names_for_rules(void **state)
{
	char host[256] = "";
	struct names names;
	struct cmdline c;

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	line_parse("-name guest=a,,b -uuid 4C4C4544-0031-3310-8047-B3C04F4A3532", &c);
	match_names(&arena, &c, &names);
	assert_text(names.name, "a,b");
	assert_text(names.uuid, UUID);
	assert_text(names.host, host);
	line_parse("-uuid x", &c);
	match_names(&arena, &c, &names);
	assert_null(names.name);
	assert_null(names.uuid);
}

int main(void)
{
	TREE_ROWS(rows, takes_facts);
	TREE_TEST("without an accelerator the program's name decides", called_kvm);
	TREE_TEST("sysfs is read only where a rule asks, facts.json always", only_what_is_needed);
	TREE_TEST("facts.json of this VM's UUID is read, in whatever case it is given",
		  from_the_hook);
	TREE_TEST("a device by the name of its open device node", by_descriptor);
	TREE_TEST("a device by the number of its open device node", by_number);
	TREE_TEST("what no descriptor says, the hook's facts.json does", by_the_hook);
	UNIT_TEST("%n, %u and %h are what the line and the host say", names_for_rules);
	return unit_run("match");
}
