/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/pci.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "arena.h"
#include "cleanup.h"
#include "device/pciaddr.h"
#include "glob.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

#define PCI_DRIVERS "/sys/bus/pci/drivers"

bool pci_is_address(const char *name)
{
	static const char hex[] = "0123456789abcdef", tail[] = ":xx:xx.x";
	size_t domain = strspn(name, hex);

	if (domain < 4 || domain > 8 || strlen(name + domain) != strlen(tail))
		return false;
	for (size_t i = 0; tail[i]; i++) {
		char c = name[domain + i];

		if (tail[i] == 'x' ? !strchr(hex, c) : c != tail[i])
			return false;
	}
	return true;
}

const char *pci_attribute_path(struct arena *a, const char *address, const char *name)
{
	return arena_printf(a, PCI_DEVICES "/%s/%s", address, name);
}

const char *pci_driver_path(struct arena *a, const char *driver, const char *name)
{
	return arena_printf(a, PCI_DRIVERS "/%s/%s", driver, name);
}

bool pci_driver_exists(const struct host *host, const char *driver)
{
	return sysfs_has_at(AT_FDCWD, root_path(host, pci_driver_path(host->arena, driver, "")));
}

/*
 * Five attributes in one: "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X"
 * (modalias_show() of the kernel's drivers/pci/pci-sysfs.c).
 */
static bool read_modalias(struct arena *a, struct pci_function *f)
{
	unsigned vendor, device, subvendor, subdevice, base, sub, interface;

	if (!f->modalias || sscanf(f->modalias, "pci:v%8xd%8xsv%8xsd%8xbc%2xsc%2xi%2x", &vendor,
				   &device, &subvendor, &subdevice, &base, &sub, &interface) != 7)
		return false;
	f->id = arena_printf(a, "%04x:%04x", vendor, device);
	f->subsystem = arena_printf(a, "%04x:%04x", subvendor, subdevice);
	f->class = base << 16 | sub << 8 | interface;
	return true;
}

static const char *read_pair(struct arena *a, int folder, const char *vendor, const char *device)
{
	unsigned v, d;

	if (!sysfs_hex_at(a, folder, vendor, &v) || !sysfs_hex_at(a, folder, device, &d))
		return NULL;
	return arena_printf(a, "%04x:%04x", v, d);
}

static bool read_identity(struct arena *a, int folder, struct pci_function *f)
{
	f->modalias = sysfs_text_at(a, folder, "modalias");
	if (read_modalias(a, f))
		return true;
	f->id = read_pair(a, folder, "vendor", "device");
	f->subsystem = read_pair(a, folder, "subsystem_vendor", "subsystem_device");
	if (!sysfs_hex_at(a, folder, "class", &f->class))
		f->class = 0;
	return f->id != NULL;
}

static int decimal(const char *text, int absent)
{
	return text && (isdigit((unsigned char)*text) || *text == '-') ? atoi(text) : absent;
}

/*
 * The kernel shows secondary_bus_number where the header type is 1 or 2
 * (pci_is_bridge(); since 4.13). Byte 0x0e of config says the same, but reading
 * config wakes a sleeping device and waits while another is being reset.
 * Earlier kernels: the class, which must fit the header type (pci_setup_device()).
 */
static bool is_bridge(int folder, unsigned class)
{
	unsigned kind = class >> 8;

	return kind == 0x0604 || kind == 0x0607 || sysfs_has_at(folder, "secondary_bus_number");
}

/* Only VGA controllers have the attribute; class 0x0001 is VGA of before PCI 2.0. */
static bool is_boot_vga(struct arena *a, int folder, unsigned class)
{
	unsigned kind = class >> 8;

	return (kind == 0x0300 || kind == 0x0001) &&
	       decimal(sysfs_text_at(a, folder, "boot_vga"), 0) == 1;
}

/* virtfn0 and up, without a gap: sriov_enable() makes them all. */
static void read_vfs(struct arena *a, int folder, struct strv *vfs)
{
	char name[32];

	for (unsigned i = 0;; i++) {
		const char *vf;

		snprintf(name, sizeof(name), "virtfn%u", i);
		vf = sysfs_link_at(a, folder, name);
		if (!vf)
			return;
		strv_push(a, vfs, vf);
	}
}

int pci_function_read(const struct host *host, const char *address, struct pci_function *f)
{
	_cleanup_fd_ int folder = sysfs_folder(host, pci_attribute_path(host->arena, address, ""));

	return pci_function_read_at(host->arena, folder, address, f);
}

int pci_function_read_at(struct arena *a, int folder, const char *address,
			 struct pci_function *f)
{
	*f = (struct pci_function){ .address = arena_strdup(a, address) };
	if (folder < 0)
		return folder == -ENOENT || folder == -EBADF ? -ENODEV : folder;
	if (!read_identity(a, folder, f))
		return sysfs_has_at(folder, "vendor") ? -EIO : -ENODEV;
	f->driver = sysfs_link_at(a, folder, "driver");
	f->group = decimal(sysfs_link_at(a, folder, "iommu_group"), -1);
	f->numa_node = decimal(sysfs_text_at(a, folder, "numa_node"), -1);
	f->bridge = is_bridge(folder, f->class);
	f->boot_vga = is_boot_vga(a, folder, f->class);
	f->physfn = sysfs_link_at(a, folder, "physfn");
	if (!f->physfn)
		read_vfs(a, folder, &f->vfs);
	f->vgpu = str_starts(f->id, "10de:") && sysfs_has_at(folder, "nvidia/current_vgpu_type");
	return 0;
}

const char *pci_id(const struct host *host, const char *address)
{
	_cleanup_fd_ int folder = -1;

	address = pciaddr_spell(host->arena, address);
	if (!address)
		return NULL;
	folder = sysfs_folder(host, pci_attribute_path(host->arena, address, ""));
	return folder < 0 ? NULL : read_pair(host->arena, folder, "vendor", "device");
}

void pci_functions(const struct host *host, const char *address, struct strv *functions)
{
	address = pciaddr_spell(host->arena, address);
	if (strchr(address, '.')) {
		strv_push(host->arena, functions, address);
		return;
	}
	for (int f = 0; f < 8; f++) {
		const char *function = arena_printf(host->arena, "%s.%d", address, f);
		const char *path = pci_attribute_path(host->arena, function, "");

		if (sysfs_has_at(AT_FDCWD, root_path(host, path)))
			strv_push(host->arena, functions, function);
	}
}

const char *pci_driver(const struct host *host, const char *address)
{
	const char *link = pci_attribute_path(host->arena, address, "driver");

	return sysfs_link_at(host->arena, AT_FDCWD, root_path(host, link));
}

int pci_driver_read(const struct host *host, const char *address, const char **driver)
{
	int rc = sysfs_link_read(host, pci_attribute_path(host->arena, address, "driver"), driver);

	return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
}

const char *pci_in_path(const char *path)
{
	return str_starts(path, PCI_DEVICES "/") ? path + strlen(PCI_DEVICES "/") : NULL;
}

void pci_group_members(const struct host *host, int group, struct strv *addresses)
{
	struct strv names = { 0 };

	sysfs_list(host, arena_printf(host->arena, "/sys/kernel/iommu_groups/%d/devices", group),
		   &names);
	for (size_t i = 0; i < names.n; i++)
		if (pci_is_address(names.v[i]))
			strv_push(host->arena, addresses, names.v[i]);
}

static const char *nvme_serial(const struct host *host, const char *address)
{
	const char *folder = pci_attribute_path(host->arena, address, "nvme");
	struct strv controllers = { 0 };
	const char *path, *serial;

	sysfs_list(host, folder, &controllers);
	if (!controllers.n)
		return NULL;
	path = arena_printf(host->arena, "%s/%s/serial", folder, controllers.v[0]);
	serial = sysfs_text_at(host->arena, AT_FDCWD, root_path(host, path));
	return serial ? str_trim(host->arena, serial, strlen(serial)) : NULL;
}

static uint32_t dword(const char *config, size_t at)
{
	const unsigned char *b = (const unsigned char *)config + at;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

#define EXTENDED 0x100 /* config space of PCI Express begins here */
#define CAP_SERIAL 0x0003

/*
 * The offset of the Device Serial Number capability; 0: the function has none. Each header
 * has id (16 bits), version (4) and the offset of the next header (12): PCI Express Base
 * 7.6.3. A chain that a broken device closes to a ring ends with the count.
 */
static size_t find_serial(const char *config, size_t len)
{
	size_t at = EXTENDED;

	for (size_t n = 0; n < len / 8 && at >= EXTENDED && at + 12 <= len; n++) {
		uint32_t header = dword(config, at);

		if (header == 0 || header == UINT32_MAX)
			break;
		if ((header & 0xffff) == CAP_SERIAL)
			return at;
		at = header >> 20 & 0xffc;
	}
	return 0;
}

static const char *capability_serial(const struct host *host, const char *address)
{
	struct strbuf text = { .arena = host->arena };
	char *config;
	size_t len, at;

	if (host_read(host, pci_attribute_path(host->arena, address, "config"), &config, &len) < 0)
		return NULL;
	at = find_serial(config, len);
	if (!at)
		return NULL;
	for (size_t i = 12; i-- > 4;)
		strbuf_addf(&text, "%02x%s", (unsigned char)config[at + i], i > 4 ? "-" : "");
	return text.text;
}

const char *pci_serial(const struct host *host, const char *address)
{
	const char *serial = nvme_serial(host, address);

	return serial && *serial ? serial : capability_serial(host, address);
}

/* mlx5_vfio_pci, but not a name that only begins or ends so by chance. */
bool pci_driver_is_vfio(const char *driver)
{
	size_t len = strlen(driver);
	const char *end;

	if (len < strlen("vfio-pci"))
		return false;
	end = driver + len - strlen("vfio-pci");
	return (str_eq(end, "vfio-pci") || str_eq(end, "vfio_pci")) &&
	       (end == driver || end[-1] == '-' || end[-1] == '_');
}

#define ALIAS "alias vfio_pci:"

/* "v…d…sv… MODULE" of a line of modules.alias; NUL-terminated copies. */
struct alias {
	char glob[128], module[64];
};

/*
 * A word of the text at *at, which moves behind it. By hand, because sscanf(3) measures all
 * of the text that follows.
 */
static bool take_word(const char **at, char *word, size_t size)
{
	size_t len = strcspn(*at, " \n");

	if (len == 0 || len >= size)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len + strspn(*at + len, " ");
	return true;
}

static bool alias_fits(const char *line, const char *numbers, struct alias *alias)
{
	return take_word(&line, alias->glob, sizeof(alias->glob)) &&
	       take_word(&line, alias->module, sizeof(alias->module)) &&
	       glob_match(alias->glob, numbers);
}

static size_t wildcards(const char *glob)
{
	size_t n = 0;

	for (; *glob; glob++)
		n += *glob == '*';
	return n;
}

/* The file is long and few of its lines fit: memmem(3) skips the other lines. */
static void best_alias(const char *text, size_t len, const char *numbers, struct alias *best)
{
	const char *end = text + len, *at = text;
	size_t fewest = SIZE_MAX;
	struct alias alias;

	while ((at = memmem(at, (size_t)(end - at), ALIAS, strlen(ALIAS)))) {
		bool line = at == text || at[-1] == '\n';

		at += strlen(ALIAS);
		if (line && alias_fits(at, numbers, &alias) && wildcards(alias.glob) < fewest) {
			fewest = wildcards(alias.glob);
			*best = alias;
		}
	}
}

const char *pci_vfio_module(const struct host *host, const char *release, const char *modalias)
{
	struct arena scratch = { 0 }; /* a MiB and more that nobody needs afterwards */
	struct alias best = { .module = "vfio_pci" };
	struct utsname kernel;
	size_t len;
	char *text;

	if (!release && uname(&kernel) == 0)
		release = kernel.release;
	if (release && modalias && str_starts(modalias, "pci:") &&
	    host_read(&(struct host){ &scratch, host->root },
		      arena_printf(host->arena, "/lib/modules/%s/modules.alias", release), &text,
		      &len) == 0)
		best_alias(text, len, modalias + strlen("pci:"), &best);
	arena_free(&scratch);
	return arena_strdup(host->arena, best.module);
}

/* The driver's name as sysfs has it; NULL while no driver has this name. */
static const char *driver_spelling(const struct host *host, const char *name)
{
	struct strv drivers = { 0 };

	sysfs_list(host, "/sys/bus/pci/drivers", &drivers);
	for (size_t i = 0; i < drivers.n; i++)
		if (pci_same_driver(drivers.v[i], name))
			return drivers.v[i];
	return NULL;
}

static char plain(char c)
{
	return c == '-' ? '_' : c;
}

bool pci_same_driver(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && plain(*a) == plain(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

const char *pci_driver_of_module(const struct host *host, const char *module)
{
	const char *there = driver_spelling(host, module);
	char *name = arena_strdup(host->arena, module);

	if (there)
		return there;
	if (pci_same_driver(module, "vfio-pci"))
		return "vfio-pci";
	for (char *p = name; *p; p++)
		*p = plain(*p);
	return name;
}
