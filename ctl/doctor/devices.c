/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of firmware and kernel about the devices that a VM needs. */
#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "host/pci/pci.h"
#include "host/pci/pcipower.h"
#include "host/pci/rmrr.h"

struct row doctor_rmrr(const struct doctor *d)
{
	struct row_texts kept = { 0 };

	for (size_t i = 0; i < d->passed.n; i++) {
		const struct pci_function *f = machine_function(&d->machine, d->passed.v[i]);
		const char *region = rmrr_of_group(&d->host, f->group);

		if (region)
			row_add(d, &kept, "%s (IOMMU group %d, %s)", f->address, f->group, region);
	}
	if (!kept.n)
		return row_ok(d, "the firmware reserves no memory for a device that a VM needs");
	return row_fail(d, "disable the RMRR of this slot in the firmware, or move the card to another slot",
			"the firmware reserves memory (RMRR) for these devices, so the kernel does not let VFIO "
			"use them: %s",
			row_list(d, &kept));
}

struct row doctor_power_state(const struct doctor *d)
{
	struct row_texts lost = { 0 };
	const char *first = NULL;

	for (size_t i = 0; i < d->passed.n; i++) {
		const struct pci_function *f = machine_function(&d->machine, d->passed.v[i]);
		const char *state = pcipower_lost(&d->host, f);

		if (!state)
			continue;
		first = first ? first : f->address;
		row_add(d, &lost, "%s (%s)", f->address, state);
	}
	if (!lost.n)
		return row_ok(d, "each device that a VM needs has a power state in which it answers");
	return row_warn(d,
			arena_printf(d->host.arena,
				     "echo 1 >/sys/bus/pci/devices/%s/remove, then echo 1 "
				     ">/sys/bus/pci/rescan; if that does not help, power the host off "
				     "and on",
				     first),
			"the power state is one in which a device possibly does not answer: %s",
			row_list(d, &lost));
}
