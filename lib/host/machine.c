/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "arena.h"
#include "glob.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"

static const char *text_of(const struct host *host, const char *path)
{
	size_t len;
	char *text;

	return host_read(host, path, &text, &len) == 0 ? text : NULL;
}

/* Is this among the words of the first line that begins with key? */
static bool line_has(const char *text, const char *key, const char *word)
{
	const char *line = strstr(text, key), *end, *at;
	size_t len = strlen(word);

	if (!line)
		return false;
	end = line + strcspn(line, "\n");
	for (at = line + strlen(key); (at = memmem(at, (size_t)(end - at), word, len)); at += len)
		if (at[-1] == ' ' && (at + len == end || at[len] == ' '))
			return true;
	return false;
}

static void read_cpu(const struct host *host, struct machine *m)
{
	const char *text = text_of(host, "/proc/cpuinfo");

	m->has_cpuinfo = text;
	m->has_kvm = sysfs_has(host, "/dev/kvm");
	if (!text)
		return;
	if (strstr(text, "GenuineIntel"))
		m->maker = CPU_INTEL;
	else if (strstr(text, "AuthenticAMD") || strstr(text, "HygonGenuine"))
		m->maker = CPU_AMD;
	m->virtualises = line_has(text, "flags\t", "vmx") || line_has(text, "flags\t", "svm");
}

static void read_kernel(const struct host *host, struct machine *m)
{
	const char *text = text_of(host, "/proc/cmdline"), *stat = text_of(host, "/proc/stat");
	const char *btime = stat ? strstr(stat, "btime ") : NULL;
	const char *mounts = text_of(host, "/proc/mounts");
	struct utsname name;

	while (text && *text) {
		size_t len = strcspn(text, " \n");

		if (len)
			strv_push(host->arena, &m->kernel, arena_strndup(host->arena, text, len));
		text += len + (text[len] != '\0');
	}
	if (btime)
		sscanf(btime, "btime %lld", &m->booted);
	m->has_mounts = mounts;
	m->has_hugetlbfs = mounts && strstr(mounts, " hugetlbfs ");
	m->release = uname(&name) == 0 ? arena_strdup(host->arena, name.release) : "";
}

static void read_iommu(const struct host *host, struct machine *m)
{
	static const char *const tables[] = { "DMAR", "IVRS", "IORT", "VIOT" };
	struct strv all = { 0 }, groups = { 0 };
	const char *unsafe =
		sysfs_text(host, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	const char *interrupts = text_of(host, "/proc/interrupts");

	sysfs_list(host, "/sys/firmware/acpi/tables", &all);
	m->has_acpi = all.n;
	for (size_t i = 0; !m->iommu_table && i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strv_has(&all, tables[i]))
			m->iommu_table = tables[i];
	sysfs_list(host, "/sys/kernel/iommu_groups", &groups);
	m->groups = groups.n;
	m->unsafe_interrupts = unsafe && *unsafe == 'Y';
	m->has_interrupts = interrupts;
	m->remaps_interrupts = interrupts && strstr(interrupts, " IR-");
}

static void read_functions(const struct host *host, struct machine *m)
{
	struct strv names = { 0 };

	sysfs_list(host, PCI_DEVICES, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct pci_function f;

		if (pci_is_address(names.v[i]) && pci_function_read(host, names.v[i], &f) == 0)
			*arena_push(host->arena, m->functions, m->n_functions, m->functions_cap) =
				f;
	}
}

void machine_read(const struct host *host, struct machine *m)
{
	*m = (struct machine){ 0 };
	read_cpu(host, m);
	read_kernel(host, m);
	read_iommu(host, m);
	read_functions(host, m);
}

const char *machine_kernel_value(const struct machine *m, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = m->kernel.n; i-- > 0;) {
		const char *word = m->kernel.v[i];
		size_t k = 0;

		while (k < len &&
		       (word[k] == '-' ? '_' : word[k]) == (key[k] == '-' ? '_' : key[k]))
			k++;
		if (k == len && word[k] == '=')
			return word + len + 1;
	}
	return NULL;
}

const struct pci_function *machine_function(const struct machine *m, const char *address)
{
	for (size_t i = 0; i < m->n_functions; i++)
		if (str_eq(m->functions[i].address, address))
			return &m->functions[i];
	return NULL;
}

/* "kernel/drivers/vfio/pci/vfio-pci.ko.xz: …": is one of the lines of this module? */
static bool list_has(struct arena *a, const char *list, const char *name)
{
	const char *glob = arena_printf(a, "*/%s.ko*", name);
	struct arena scratch = { 0 };
	bool has = false;

	while (!has && *list) {
		size_t line = strcspn(list, "\n"), path = strcspn(list, ":\n");

		has = glob_match_dashes(glob, arena_strndup(&scratch, list, path));
		list += line + (list[line] == '\n');
	}
	arena_free(&scratch);
	return has;
}

bool machine_is_built_in(const struct host *host, const char *name)
{
	const char *module = sysfs_link(host, pci_driver_path(host->arena, name, "module"));
	struct utsname kernel;
	const char *text;

	if (uname(&kernel) < 0)
		return false;
	text = text_of(host, arena_printf(host->arena, "/lib/modules/%s/modules.builtin",
					  kernel.release));
	return text && list_has(host->arena, text, module ? module : name);
}

bool machine_has_module(const struct host *host, const struct machine *m, const char *name)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };

	if (host_has_module(host, name))
		return true;
	for (size_t i = 0; i < 2; i++) {
		const char *text = text_of(host, arena_printf(host->arena, "/lib/modules/%s/%s",
							      m->release, lists[i]));

		if (text && list_has(host->arena, text, name))
			return true;
	}
	return false;
}
