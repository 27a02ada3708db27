/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware, kernel and memory of the host have for VMs. */
#include "arena.h"
#include "ctl/doctor/doctor.h"
#include "hooks/memory/memory.h"
#include "hooks/memory/claims.h"
#include "host/pci/pci.h"

#define GRUB \
	"to GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub (grub2-mkconfig) and a reboot"

struct row doctor_cpu(const struct doctor *d)
{
	const struct machine *m = &d->machine;

	if (!m->has_cpuinfo)
		return row_warn(d, NULL, "what the CPU can do cannot be read");
	if (m->maker == CPU_OTHER && !m->virtualises)
		return m->has_kvm ? row_ok(d, "not x86; /dev/kvm is there") :
				    row_warn(d, NULL, "not x86, and there is no /dev/kvm");
	if (!m->virtualises)
		return row_fail(
			d, "switch on VT-x or AMD-V (SVM) in the firmware's setup",
			"the CPU offers neither vmx nor svm: guests run under TCG, if at all");
	if (!m->has_kvm)
		return row_fail(d, m->maker == CPU_AMD ? "modprobe kvm_amd" : "modprobe kvm_intel",
				"the CPU virtualises and there is no /dev/kvm");
	return row_ok(d, "%s and /dev/kvm", m->maker == CPU_AMD ? "svm" : "vmx");
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
		return row_ok(d, "ACPI table %s", m->iommu_table);
	if (m->groups)
		return row_ok(d, "no ACPI table of an IOMMU, but the kernel has one");
	if (!m->has_acpi)
		return row_warn(d, NULL, "there are no ACPI tables to be seen");
	return row_fail(d, "switch on VT-d or AMD-Vi (IOMMU) in the firmware's setup",
			"firmware tells of no IOMMU: neither ACPI table DMAR nor IVRS");
}

/* The word that keeps the kernel from using an IOMMU; NULL. */
static const char *switched_off(const struct doctor *d)
{
	static const char *const keys[] = { "iommu", "intel_iommu", "amd_iommu" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = machine_kernel_value(&d->machine, keys[i]);

		if (value && (str_eq(value, "off") || str_starts(value, "off,")))
			return arena_printf(d->arena, "%s=%s", keys[i], value);
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
			arena_printf(d->arena,
				     "take %s out of GRUB_CMDLINE_LINUX in /etc/default/grub, "
				     "then update-grub (grub2-mkconfig) and a reboot",
				     off),
			"the kernel's line has %s", off);
	if (m->groups)
		return row_ok(d, "%s",
			      intel ? "intel_iommu is on the kernel's line" :
				      "nothing on the kernel's line keeps it off");
	if (m->maker == CPU_AMD || !is_x86(m))
		return row_ok(d, "nothing on the kernel's line keeps it off");
	if (intel)
		return row_warn(d, NULL, "intel_iommu=%s, and the kernel uses no IOMMU: see dmesg",
				intel);
	return row_fail(d, "add intel_iommu=on iommu=pt " GRUB,
			"intel_iommu=on is not on the kernel's line");
}

struct row doctor_iommu_groups(const struct doctor *d)
{
	const struct machine *m = &d->machine;
	struct row_texts without = { 0 };

	if (!m->groups)
		return row_fail(d, "see iommu-firmware and iommu-kernel",
				"the kernel has none: no device can be passed");
	for (size_t i = 0; i < d->passed.n; i++)
		if (machine_function(m, d->passed.v[i])->group < 0)
			row_add(d, &without, "%s", d->passed.v[i]);
	if (without.n)
		return row_fail(d, NULL, "in no IOMMU group, so nobody can have it: %s",
				row_list(d, &without));
	return row_ok(d, "%zu groups, %zu PCI functions", m->groups, m->n_functions);
}

#define UNSAFE \
	"echo options vfio_iommu_type1 allow_unsafe_interrupts=1 >>/etc/modprobe.d/vfio.conf"

/* Without it vfio_iommu_type1_attach_group() gives in to allow_unsafe_interrupts only. */
struct row doctor_interrupt_remapping(const struct doctor *d)
{
	const struct machine *m = &d->machine;
	const char *off = machine_kernel_value(m, "intremap");

	if (!is_x86(m))
		return row_ok(d, "not x86: the interrupt controller does it");
	if (m->remaps_interrupts)
		return row_ok(d, "chips IR-… in /proc/interrupts");
	if (!m->has_interrupts)
		return row_warn(d, NULL, "the list of interrupts cannot be read");
	if (!m->groups)
		return row_warn(d, NULL, "none, as there is no IOMMU");
	if (m->unsafe_interrupts)
		return row_warn(
			d, NULL,
			"none: allow_unsafe_interrupts lets guests send any interrupt to the host");
	if (off && str_starts(off, "off"))
		return row_fail(d,
				"take intremap=off out of GRUB_CMDLINE_LINUX in /etc/default/grub",
				"the kernel's line has intremap=%s", off);
	return row_fail(d, UNSAFE, "none, so VFIO refuses all devices of this host");
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

/* What of it a domain can never have, whatever else runs. */
static void hold_against_pools(const struct doctor *d, const struct defined *one,
			       struct row_texts *short_of)
{
	struct claims asked = { 0 };

	memory_claims(d->arena, &one->xml.memory, false, &d->memory, &asked);
	for (size_t i = 0; i < asked.n; i++) {
		const struct claim *c = &asked.v[i];
		unsigned long long has = pages_of(&d->memory, c->page);

		if (c->page != MEMORY_NORMAL && c->pages > has)
			row_add(d, short_of, "%s asks for %llu pages of %s, and the host has %llu",
				one->name, c->pages, memory_size_text(d->arena, c->page), has);
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
	return t.n ? row_list(d, &t) : "no pages reserved";
}

struct row doctor_hugepages(const struct doctor *d)
{
	struct row_texts short_of = { 0 };

	for (size_t i = 0; i < d->n_domains; i++)
		hold_against_pools(d, &d->domains[i], &short_of);
	if (asks_for_huge(d) && d->machine.has_mounts && !d->machine.has_hugetlbfs)
		return row_fail(d,
				"systemctl start dev-hugepages.mount, and restart libvirt's daemon",
				"domains ask for huge pages, and no hugetlbfs is mounted");
	if (!short_of.n && d->unseen_domains)
		return row_unseen(d, "what domains ask for (" DOMAIN_FOLDER ")");
	if (!short_of.n)
		return row_ok(d, "%s; no domain asks for more", pools_text(d));
	if (d->ours.settings.hook.hugepages_allocate)
		return row_ok(d, "%s: the hook lets the pool grow (hugepages = allocate)",
			      row_list(d, &short_of));
	return row_fail(d,
			"hugepages = allocate below [hook] in /etc/kvmshim/kvmshim.conf, or "
			"vm.nr_hugepages=N in /etc/sysctl.d/hugepages.conf",
			"%s", row_list(d, &short_of));
}
