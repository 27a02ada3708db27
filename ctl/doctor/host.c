/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware, the kernel and the memory of the host: do they have what VMs need? */
#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "hooks/memory/claims.h"
#include "hooks/memory/memory.h"
#include "host/pci/pci.h"

#define GRUB \
	"to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub (grub2-mkconfig), and reboot"

struct row doctor_cpu(const struct doctor *d)
{
	const struct machine *m = &d->machine;

	if (!m->has_cpuinfo)
		return row_warn(d, NULL, "the features of the CPU cannot be read");
	if (m->maker == CPU_OTHER && !m->virtualises)
		return m->has_kvm ?
			       row_ok(d, "the CPU is not x86; /dev/kvm exists") :
			       row_warn(d, NULL, "the CPU is not x86, and /dev/kvm is missing");
	if (!m->virtualises)
		return row_fail(
			d, "enable VT-x or AMD-V (SVM) in the firmware setup",
			"the CPU has neither vmx nor svm: VMs run only with TCG emulation, or not at all");
	if (!m->has_kvm)
		return row_fail(d, m->maker == CPU_AMD ? "modprobe kvm_amd" : "modprobe kvm_intel",
				"the CPU supports virtualization, but /dev/kvm is missing");
	return row_ok(d, "the CPU has %s, and /dev/kvm exists",
		      m->maker == CPU_AMD ? "svm" : "vmx");
}

/* ---- IOMMU ---- */

static bool is_x86(const struct machine *m)
{
	return m->maker != CPU_OTHER;
}

struct row doctor_iommu_firmware(const struct doctor *d)
{
	const struct machine *m = &d->machine;

	if (m->iommu_table)
		return row_ok(d, "the firmware has the ACPI table %s", m->iommu_table);
	if (m->groups)
		return row_ok(
			d,
			"the firmware has no ACPI table of an IOMMU, but the kernel uses an IOMMU");
	if (!m->has_acpi)
		return row_warn(d, NULL, "the ACPI tables cannot be read");
	return row_fail(
		d, "enable VT-d or AMD-Vi (IOMMU) in the firmware setup",
		"the firmware reports no IOMMU: the ACPI tables DMAR and IVRS are both missing");
}

/* The argument that keeps the kernel from using an IOMMU; NULL. */
static const char *switched_off(const struct doctor *d)
{
	static const char *const keys[] = { "iommu", "intel_iommu", "amd_iommu" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = machine_kernel_value(&d->machine, keys[i]);

		if (value && (str_eq(value, "off") || str_starts(value, "off,")))
			return arena_printf(d->host.arena, "%s=%s", keys[i], value);
	}
	return NULL;
}

struct row doctor_iommu_kernel(const struct doctor *d)
{
	const struct machine *m = &d->machine;
	const char *off = switched_off(d), *intel = machine_kernel_value(m, "intel_iommu");

	if (off)
		return row_fail(
			d,
			arena_printf(d->host.arena,
				     "remove %s from GRUB_CMDLINE_LINUX in /etc/default/grub, "
				     "run update-grub (grub2-mkconfig), and reboot",
				     off),
			"the kernel command line has %s", off);
	if (m->groups)
		return row_ok(d, "%s",
			      intel ? "intel_iommu is on the kernel command line" :
				      "the kernel command line does not disable the IOMMU");
	if (m->maker == CPU_AMD || !is_x86(m))
		return row_ok(d, "the kernel command line does not disable the IOMMU");
	if (intel)
		return row_warn(d, NULL, "the kernel command line has intel_iommu=%s, but the "
					 "kernel uses no IOMMU; see dmesg",
				intel);
	return row_fail(d, "add intel_iommu=on iommu=pt " GRUB,
			"intel_iommu=on is not on the kernel command line");
}

struct row doctor_iommu_groups(const struct doctor *d)
{
	const struct machine *m = &d->machine;
	struct row_texts without = { 0 };

	if (!m->groups)
		return row_fail(
			d, "see iommu-firmware and iommu-kernel",
			"the kernel has no IOMMU group, so no device can be passed through");
	for (size_t i = 0; i < d->passed.n; i++)
		if (machine_function(m, d->passed.v[i])->group < 0)
			row_add(d, &without, "%s", d->passed.v[i]);
	if (without.n)
		return row_fail(d, NULL, "not in an IOMMU group, so no VM can use it: %s",
				row_list(d, &without));
	return row_ok(d, "the host has %zu IOMMU groups and %zu PCI functions", m->groups,
		      m->n_functions);
}

#define UNSAFE \
	"echo options vfio_iommu_type1 allow_unsafe_interrupts=1 >>/etc/modprobe.d/vfio.conf"

/* Without it vfio_iommu_type1_attach_group() gives in to allow_unsafe_interrupts only. */
struct row doctor_interrupt_remapping(const struct doctor *d)
{
	const struct machine *m = &d->machine;
	const char *off = machine_kernel_value(m, "intremap");

	if (!is_x86(m))
		return row_ok(d, "the CPU is not x86: the interrupt controller remaps interrupts");
	if (m->remaps_interrupts)
		return row_ok(d, "interrupts are remapped (IR-… in /proc/interrupts)");
	if (!m->has_interrupts)
		return row_warn(d, NULL, "the list of interrupts cannot be read");
	if (!m->groups)
		return row_warn(d, NULL,
				"interrupts are not remapped, because the kernel uses no IOMMU");
	if (m->unsafe_interrupts)
		return row_warn(
			d, NULL,
			"interrupts are not remapped: allow_unsafe_interrupts lets guests send "
			"any interrupt to the host");
	if (off && str_starts(off, "off"))
		return row_fail(d,
				"remove intremap=off from GRUB_CMDLINE_LINUX in /etc/default/grub",
				"the kernel command line has intremap=%s", off);
	return row_fail(d, UNSAFE,
			"interrupts are not remapped, so VFIO refuses all devices of this host");
}

/* ---- memory ---- */

static unsigned long long pages_of(const struct hostmemory *m, unsigned long long page)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < m->n_pools; i++)
		if (m->pools[i].page == page)
			n += m->pools[i].nr - m->pools[i].surplus;
	return n;
}

/* The pages that a domain needs and the host does not have, even if no other VM runs. */
static void hold_against_pools(const struct doctor *d, const struct defined *one,
			       struct row_texts *short_of)
{
	struct claims asked = { 0 };

	memory_claims(d->host.arena, &one->xml.memory, false, &d->memory, &asked);
	for (size_t i = 0; i < asked.n; i++) {
		const struct claim *c = &asked.v[i];
		unsigned long long has = pages_of(&d->memory, c->page);

		if (c->page != MEMORY_NORMAL && c->pages > has)
			row_add(d, short_of, "%s needs %llu pages of %s, but the host has %llu",
				one->name, c->pages, memory_size_text(d->host.arena, c->page), has);
	}
}

static bool asks_for_huge(const struct doctor *d)
{
	for (size_t i = 0; i < d->n_domains; i++)
		for (size_t k = 0; k < d->domains[i].xml.memory.n; k++)
			if (d->domains[i].xml.memory.needs[k].huge)
				return true;
	return false;
}

static const char *pools_text(const struct doctor *d)
{
	const struct hostmemory *m = &d->memory;
	struct row_texts t = { 0 };

	for (size_t i = 0; i < m->n_pools; i++)
		if (m->pools[i].nr)
			row_add(d, &t, "%s: %llu, %llu free", m->pools[i].name, m->pools[i].nr,
				m->pools[i].free);
	return t.n ? row_list(d, &t) : "the pools have no pages";
}

struct row doctor_hugepages(const struct doctor *d)
{
	struct row_texts short_of = { 0 };

	for (size_t i = 0; i < d->n_domains; i++)
		hold_against_pools(d, &d->domains[i], &short_of);
	if (asks_for_huge(d) && d->machine.has_mounts && !d->machine.has_hugetlbfs)
		return row_fail(
			d,
			"run systemctl start dev-hugepages.mount, and restart the libvirt daemon",
			"domains need huge pages, but no hugetlbfs is mounted");
	if (!short_of.n && d->unseen_domains)
		return row_unseen(d, "the memory that domains need (" DOMAIN_FOLDER ")");
	if (!short_of.n)
		return row_ok(d, "%s; no domain needs more", pools_text(d));
	if (d->ours.settings.hook.hugepages_allocate)
		return row_ok(d, "%s; the hook enlarges the pool (hugepages = allocate)",
			      row_list(d, &short_of));
	return row_fail(d,
			"set hugepages = allocate in section [hook] of "
			"/etc/kvmshim/kvmshim.conf, or "
			"vm.nr_hugepages=N in /etc/sysctl.d/hugepages.conf",
			"%s", row_list(d, &short_of));
}
