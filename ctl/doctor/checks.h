/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct doctor;
struct row;

/* The checks of doctor, by file. Each looks at the facts, and comes to one row. */

/* host.c */
struct row doctor_cpu(const struct doctor *d);
struct row doctor_iommu_firmware(const struct doctor *d);
struct row doctor_iommu_kernel(const struct doctor *d);
struct row doctor_iommu_groups(const struct doctor *d);
struct row doctor_interrupt_remapping(const struct doctor *d);
struct row doctor_hugepages(const struct doctor *d);
/* devices.c */
struct row doctor_rmrr(const struct doctor *d);
struct row doctor_power_state(const struct doctor *d);
/* vfio.c */
struct row doctor_vfio_modules(const struct doctor *d);
struct row doctor_vfio_ids(const struct doctor *d);
struct row doctor_softdeps(const struct doctor *d);
struct row doctor_boot_display(const struct doctor *d);
struct row doctor_nouveau(const struct doctor *d);
struct row doctor_nvidia_persistenced(const struct doctor *d);
/* initramfs.c */
struct row doctor_initramfs(const struct doctor *d);
/* nvidia.c */
struct row doctor_nvidia_modeset(const struct doctor *d);
struct row doctor_nvidia_unbind(const struct doctor *d);
struct row doctor_nvidia_nodes(const struct doctor *d);
/* rules.c */
struct row doctor_kill_switch(const struct doctor *d);
struct row doctor_kvmshim_root(const struct doctor *d);
struct row doctor_rules(const struct doctor *d);
struct row doctor_journals(const struct doctor *d);
struct row doctor_stuck(const struct doctor *d);
/* emulator.c */
struct row doctor_wrapper(const struct doctor *d);
struct row doctor_emulators(const struct doctor *d);
struct row doctor_real_emulator(const struct doctor *d);
struct row doctor_capability_cache(const struct doctor *d);
struct row doctor_machine_types(const struct doctor *d);
/* log.c */
struct row doctor_unknown_options(const struct doctor *d);
/* libvirt.c */
struct row doctor_libvirt(const struct doctor *d);
struct row doctor_hook(const struct doctor *d);
struct row doctor_foreign_hooks(const struct doctor *d);
struct row doctor_pid_namespace(const struct doctor *d);
/* confinement.c */
struct row doctor_apparmor(const struct doctor *d);
struct row doctor_selinux(const struct doctor *d);
/* limits.c */
struct row doctor_memlock(const struct doctor *d);
struct row doctor_device_acl(const struct doctor *d);
struct row doctor_iommufd(const struct doctor *d);
/* domain.c: of one domain */
struct row doctor_definition(const struct doctor *d);
struct row doctor_assign(const struct doctor *d);
struct row doctor_command_line(const struct doctor *d);
