/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

struct host;
struct pci_function;

/*
 * The support of firmware, kernel and CPU of this host for VMs. A fact that cannot be read
 * is missing.
 */
enum cpu_maker { CPU_OTHER, CPU_INTEL, CPU_AMD };

struct machine {
	enum cpu_maker maker;
	bool has_cpuinfo;
	bool virtualises;	  /* the flag vmx or svm */
	bool has_kvm;		  /* /dev/kvm */
	struct strv kernel;	  /* the words of /proc/cmdline */
	const char *iommu_table;  /* the ACPI table of the IOMMU: "DMAR", "IVRS", …; NULL */
	bool has_acpi;		  /* its tables can be listed at all */
	size_t groups;		  /* of /sys/kernel/iommu_groups */
	bool remaps_interrupts;	  /* chips named IR-… in /proc/interrupts */
	bool has_interrupts;	  /* that file can be read */
	bool unsafe_interrupts;	  /* vfio_iommu_type1 allow_unsafe_interrupts=1 */
	bool has_mounts, has_hugetlbfs;	/* /proc/mounts can be read; hugetlbfs is in it */
	const char *release;	  /* of the kernel, uname(2) */
	long long booted;	  /* seconds since the epoch; 0: unknown */
	struct pci_function *functions; /* all, in the order of their addresses */
	size_t n_functions, functions_cap;
};

void machine_read(const struct host *host, struct machine *m);

/* The value of the last KEY=VALUE of the kernel command line, - and _ alike in KEY; or NULL. */
const char *machine_kernel_value(const struct machine *m, const char *key);

/* The function of this host with this address; NULL if it does not exist. */
const struct pci_function *machine_function(const struct machine *m, const char *address);

/* Is this module, or driver, built into the running kernel (modules.builtin)? */
bool machine_is_built_in(const struct host *host, const char *name);

/* Is this module loaded, built in, or there to be loaded (modules.dep, modules.builtin)? */
bool machine_has_module(const struct host *host, const struct machine *m, const char *name);
