/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `kvmshim doctor`: every reason why passthrough of a device, or a rule, would fail on this host.
 * facts.c reads the host once; each check makes one row of these facts.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "err.h"
#include "jsondoc.h"

#define DOCTOR_VERSION 1

/* The subject of a check; bits. */
enum { ABOUT_HOST = 1, ABOUT_DOMAIN = 2 };

/*
 * A check looks only at the facts. For a check about a domain, the list of domains has only this
 * domain.
 */
struct check {
	const char *name;
	struct row (*judge)(const struct doctor *d);
	unsigned about;
};

/* In this order they are shown: the switches, the host, the emulators, libvirt, the VMs. */
static const struct check checks[] = {
	{ "definition", doctor_definition, ABOUT_DOMAIN },
	{ "kill-switch", doctor_kill_switch, ABOUT_HOST | ABOUT_DOMAIN },
	{ "kvmshim-root", doctor_kvmshim_root, ABOUT_HOST | ABOUT_DOMAIN },
	{ "rules", doctor_rules, ABOUT_HOST | ABOUT_DOMAIN },
	{ "cpu", doctor_cpu, ABOUT_HOST },
	{ "iommu-firmware", doctor_iommu_firmware, ABOUT_HOST },
	{ "iommu-kernel", doctor_iommu_kernel, ABOUT_HOST },
	{ "iommu-groups", doctor_iommu_groups, ABOUT_HOST },
	{ "rmrr", doctor_rmrr, ABOUT_HOST },
	{ "power-state", doctor_power_state, ABOUT_HOST },
	{ "interrupt-remapping", doctor_interrupt_remapping, ABOUT_HOST },
	{ "vfio-modules", doctor_vfio_modules, ABOUT_HOST },
	{ "vfio-ids", doctor_vfio_ids, ABOUT_HOST },
	{ "softdeps", doctor_softdeps, ABOUT_HOST },
	{ "initramfs", doctor_initramfs, ABOUT_HOST },
	{ "boot-display", doctor_boot_display, ABOUT_HOST },
	{ "nouveau", doctor_nouveau, ABOUT_HOST },
	{ "nvidia-persistenced", doctor_nvidia_persistenced, ABOUT_HOST },
	{ "nvidia-modeset", doctor_nvidia_modeset, ABOUT_HOST },
	{ "nvidia-unbind", doctor_nvidia_unbind, ABOUT_HOST },
	{ "nvidia-nodes", doctor_nvidia_nodes, ABOUT_HOST },
	{ "hugepages", doctor_hugepages, ABOUT_HOST },
	{ "wrapper", doctor_wrapper, ABOUT_HOST },
	{ "emulators", doctor_emulators, ABOUT_HOST | ABOUT_DOMAIN },
	{ "real-emulator", doctor_real_emulator, ABOUT_HOST | ABOUT_DOMAIN },
	{ "capability-cache", doctor_capability_cache, ABOUT_HOST | ABOUT_DOMAIN },
	{ "machine-types", doctor_machine_types, ABOUT_HOST | ABOUT_DOMAIN },
	{ "unknown-options", doctor_unknown_options, ABOUT_HOST | ABOUT_DOMAIN },
	{ "libvirt", doctor_libvirt, ABOUT_HOST },
	{ "hook", doctor_hook, ABOUT_HOST | ABOUT_DOMAIN },
	{ "foreign-hooks", doctor_foreign_hooks, ABOUT_HOST },
	{ "pid-namespace", doctor_pid_namespace, ABOUT_HOST },
	{ "apparmor", doctor_apparmor, ABOUT_HOST },
	{ "selinux", doctor_selinux, ABOUT_HOST },
	{ "memlock", doctor_memlock, ABOUT_HOST },
	{ "device-acl", doctor_device_acl, ABOUT_HOST },
	{ "iommufd", doctor_iommufd, ABOUT_HOST },
	{ "journals", doctor_journals, ABOUT_HOST },
	{ "stuck", doctor_stuck, ABOUT_HOST },
	{ "assign", doctor_assign, ABOUT_DOMAIN },
	{ "command-line", doctor_command_line, ABOUT_DOMAIN },
};
#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

static const struct {
	const char *name, *colour, *count;
} grades[] = {
	[GRADE_OK] = { "ok", "\033[32m", "ok" },
	[GRADE_WARN] = { "warn", "\033[33m", "to check" },
	[GRADE_FAIL] = { "fail", "\033[31m", "failed" },
	[GRADE_UNSEEN] = { "unseen", "\033[36m", "not readable" },
};
_Static_assert(sizeof(grades) / sizeof(grades[0]) == GRADE_COUNT, "each grade has its words");

/* ---- showing ---- */

struct report {
	struct ctl *ctl;
	const char *domain; /* NULL: the host */
	struct row rows[N_CHECKS];
	const char *names[N_CHECKS];
	size_t n, of[GRADE_COUNT];
};

static int column(const struct report *r)
{
	size_t width = 0;

	for (size_t i = 0; i < r->n; i++)
		if (strlen(r->names[i]) > width)
			width = strlen(r->names[i]);
	return (int)width;
}

/* A row can contain the words of a tenant. */
static void show_row(const struct report *r, size_t i, int width)
{
	const struct row *row = &r->rows[i];
	const char *colour = r->ctl->colour ? grades[row->grade].colour : "";

	printf("%s%-6s%s  %-*s  %s\n", colour, grades[row->grade].name, *colour ? "\033[0m" : "",
	       width, r->names[i], str_printable(r->ctl->host.arena, row->seen));
	if (row->fix)
		printf("%*s→ %s\n", width + 10, "", str_printable(r->ctl->host.arena, row->fix));
}

static void show_text(const struct report *r)
{
	int width = column(r);

	for (size_t i = 0; i < r->n; i++)
		show_row(r, i, width);
	printf("%zu checks:", r->n);
	for (size_t g = 0; g < GRADE_COUNT; g++)
		if (r->of[g] || g == GRADE_OK)
			printf("%s %zu %s", g ? "," : "", r->of[g], grades[g].count);
	putchar('\n');
}

static struct json_object *row_json(const struct report *r, size_t i)
{
	struct json_object *o = json_object_new_object();
	struct arena *a = r->ctl->host.arena;

	jsondoc_put(a, o, "name", r->names[i]);
	jsondoc_put(a, o, "grade", grades[r->rows[i].grade].name);
	jsondoc_put(a, o, "seen", r->rows[i].seen);
	jsondoc_put(a, o, "fix", r->rows[i].fix);
	return o;
}

static void show_json(const struct report *r)
{
	struct json_object *o = json_object_new_object(), *rows = json_object_new_array();
	struct arena *a = r->ctl->host.arena;

	for (size_t i = 0; i < r->n; i++)
		json_object_array_add(rows, row_json(r, i));
	json_object_object_add(o, "version", json_object_new_int(DOCTOR_VERSION));
	jsondoc_put(a, o, "domain", r->domain);
	json_object_object_add(o, "rows", rows);
	ctl_print_json(a, o);
}

/* ---- the command ---- */

static int examine(struct ctl *ctl, const char *domain)
{
	struct report report = { .ctl = ctl, .domain = domain };
	unsigned about = domain ? ABOUT_DOMAIN : ABOUT_HOST;
	struct doctor d;
	struct err err;

	if (doctor_look(ctl, domain, &d, &err) < 0)
		return ctl_fail("%s", err.text);
	for (size_t i = 0; i < N_CHECKS; i++) {
		if (!(checks[i].about & about))
			continue;
		report.names[report.n] = checks[i].name;
		report.rows[report.n] = checks[i].judge(&d);
		report.of[report.rows[report.n++].grade]++;
	}
	(ctl->json ? show_json : show_text)(&report);
	return report.of[GRADE_FAIL] ? CTL_FOUND : CTL_FINE;
}

struct asked {
	struct strv domains;
};

static const struct option_row options[] = {
	OPTION_ROW_JSON,
	{ 0 },
};

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct asked asked = { 0 };
	const char *domain = NULL;
	int status;

	if (!options_read(ctl, &command_doctor, argc, argv, &asked, &status))
		return status;
	if (asked.domains.n)
		domain = asked.domains.v[0];
	if (domain && !*domain)
		return ctl_wrong(&command_doctor, "the NAME of the domain is empty");
	return examine(ctl, domain);
}

const struct command command_doctor = {
	.name = "doctor",
	.usage = "[--json] [NAME]",
	.help = "find out why passthrough, a rule or a domain would fail on this host",
	.about = "Looks for reasons why passthrough or a rule would fail on this host. Prints a\n"
		 "row for each: ok, warn, fail or unseen, the state, and the command or the\n"
		 "change that corrects it. Changes nothing.\n"
		 "NAME is the name or UUID of a domain: prints whether this domain would start.",
	.options = options,
	.operands = { .name = "NAME", .at = offsetof(struct asked, domains) },
	.examples = "kvmshim doctor\n"
		    "kvmshim doctor desktop-7",
	.run = run,
};
