/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/doctor/facts.h"

struct arena;

/* GRADE_UNSEEN: it is not for this user to see. */
enum grade { GRADE_OK, GRADE_WARN, GRADE_FAIL, GRADE_UNSEEN, GRADE_COUNT };

/* What a check came to: what was seen, and the one line that mends it; NULL: there is none. */
struct row {
	enum grade grade;
	const char *seen, *fix;
};

/* What a check is about; bits. */
enum { ABOUT_HOST = 1, ABOUT_DOMAIN = 2 };

/*
 * A check looks at the facts and at nothing else. Those about a domain find it, alone, in
 * the list of domains.
 */
struct check {
	const char *name;
	struct row (*judge)(const struct doctor *d);
	unsigned about;
};

/* Makers of rows. fix may be NULL. */
struct row row_ok(const struct doctor *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct row row_warn(const struct doctor *d, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct row row_fail(const struct doctor *d, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct row row_unseen(const struct doctor *d, const char *what);

/* Several things that one row is about: "a; b; c and 4 more". */
struct row_texts {
	struct strbuf text;
	size_t n;
};

void row_add(const struct doctor *d, struct row_texts *t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const char *row_list(const struct doctor *d, const struct row_texts *t);

/* The checks, by file. host.c: */
struct row doctor_cpu(const struct doctor *d);
struct row doctor_iommu_firmware(const struct doctor *d);
struct row doctor_iommu_kernel(const struct doctor *d);
struct row doctor_iommu_groups(const struct doctor *d);
struct row doctor_interrupt_remapping(const struct doctor *d);
struct row doctor_hugepages(const struct doctor *d);
/* vfio.c */
struct row doctor_vfio_modules(const struct doctor *d);
struct row doctor_vfio_ids(const struct doctor *d);
struct row doctor_softdeps(const struct doctor *d);
struct row doctor_boot_display(const struct doctor *d);
struct row doctor_nouveau(const struct doctor *d);
struct row doctor_nvidia_persistenced(const struct doctor *d);
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
/* confinement.c */
struct row doctor_apparmor(const struct doctor *d);
struct row doctor_selinux(const struct doctor *d);
/* limits.c */
struct row doctor_memlock(const struct doctor *d);
struct row doctor_device_acl(const struct doctor *d);
/* domain.c: of one domain */
struct row doctor_definition(const struct doctor *d);
struct row doctor_assign(const struct doctor *d);
struct row doctor_command_line(const struct doctor *d);
