/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/doctor/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "conf/passthrough.h"
#include "ctl/capture.h"
#include "ctl/ctl.h"
#include "ctl/inuse.h"
#include "ctl/unitswarn.h"
#include "device/pciaddr.h"
#include "err.h"
#include "host/pci/pci.h"
#include "host/process/daemon.h"
#include "host/program.h"
#include "root.h"

/* ---- libvirt ---- */

static void look_at_daemon(struct doctor *d)
{
	struct libvirt *l = &d->libvirt;
	long ticks = sysconf(_SC_CLK_TCK);

	if (d->machine.booted && ticks > 0)
		l->started = d->machine.booted +
			     (long long)(l->daemon.start / (unsigned long long)ticks);
	l->environment_unseen =
		process_variable(&d->host, l->daemon.pid, "KVMSHIM_ROOT", &l->kvmshim_root) < 0;
}

/* "libvirtd (libvirt) 9.0.0" */
static void ask_version(struct doctor *d)
{
	const char *const argv[] = { root_path(&d->host, d->libvirt.program), "--version", NULL };
	unsigned major, minor = 0, micro = 0;
	const char *text, *number;
	struct err err;
	int rc = capture(d->host.arena, argv, &text, &err);

	if (rc == -ETIMEDOUT)
		d->libvirt.problem = arena_strdup(d->host.arena, err.text);
	if (rc < 0)
		return;
	number = strrchr(str_trim(d->host.arena, text, strcspn(text, "\n")), ' ');
	if (!number || sscanf(++number, "%u.%u.%u", &major, &minor, &micro) < 1)
		return;
	d->libvirt.version = number;
	d->libvirt.number = major * 1000000 + minor * 1000 + micro;
}

bool doctor_hides(const struct doctor *d, const char *path)
{
	return access(root_path(&d->host, path), R_OK) < 0 && errno == EACCES;
}

static void look_at_libvirt(struct doctor *d)
{
	struct libvirt *l = &d->libvirt;
	struct daemon daemon;

	daemon_find(&d->host, &daemon);
	l->name = daemon.name;
	l->daemon = daemon.process;
	l->program = daemon.name ? program_find(&d->host, daemon.name) : NULL;
	l->unit = daemon_unit(&d->host, daemon.process.pid);
	if (l->daemon.pid)
		look_at_daemon(d);
	if (l->program)
		ask_version(d);
	qemuconf_read(&d->host, &l->conf);
	l->conf_unseen = doctor_hides(d, QEMUCONF);
}

const char *doctor_daemon_unit(const struct doctor *d)
{
	return d->libvirt.unit ? d->libvirt.unit : "libvirtd.service";
}

/* ---- what is passed ---- */

static void add_passed(struct doctor *d, const char *address)
{
	struct strv functions = { 0 };

	pci_functions(&d->host, address, &functions);
	for (size_t i = 0; i < functions.n; i++)
		if (!strv_has(&d->passed, functions.v[i]) &&
		    machine_function(&d->machine, functions.v[i]))
			strv_push(d->host.arena, &d->passed, functions.v[i]);
}

static void look_at_passed(struct doctor *d)
{
	for (size_t i = 0; i < d->n_domains; i++)
		for (size_t k = 0; k < d->domains[i].xml.n; k++)
			if (d->domains[i].xml.hostdevs[k].kind == HOSTDEV_PCI)
				add_passed(d, d->domains[i].xml.hostdevs[k].device);
	for (size_t i = 0; i < d->ours.rules.n; i++)
		for (size_t k = 0; d->ours.rules.v[i].enabled && k < d->ours.rules.v[i].n_actions;
		     k++) {
			const struct action *action = &d->ours.rules.v[i].actions[k];

			if (action->verb == VERB_PASS_PCI && action->words.n &&
			    pciaddr_spell(d->host.arena, action->words.v[0]))
				add_passed(d, action->words.v[0]);
		}
	strv_sort(&d->passed);
}

/* ---- all of it ---- */

static void look_at_ours(struct doctor *d)
{
	d->ours.mistakes.arena = d->host.arena;
	settings_read(&d->host, &d->ours.settings, &d->ours.mistakes);
	decide_read_rules(&d->host, &d->ours);
	inuse_warn(&d->host, &d->ours.rules, &d->ours.mistakes);
	unitswarn(&d->host, &d->ours.settings, &d->ours.mistakes);
	unitswarn_rules(&d->host, &d->ours.rules, &d->ours.mistakes);
	mistakes_sort(&d->ours.mistakes);
}

int doctor_look(struct ctl *ctl, const char *domain, struct doctor *d, struct err *err)
{
	int rc;

	*d = (struct doctor){ .ctl = ctl, .host = ctl->host, .domain = domain };
	rc = doctor_look_domains(d, err);
	if (rc)
		return rc;
	look_at_ours(d);
	machine_read(&d->host, &d->machine);
	modprobe_read(&d->host, &d->modprobe);
	confinement_read(&d->host, &d->confinement);
	hostmemory_read(&d->host, &d->memory);
	look_at_libvirt(d);
	look_at_passed(d);
	doctor_look_emulators(d);
	d->assigned_unseen = assigned_read(ctl, NULL, &d->assigned, NULL) < 0;
	return 0;
}

bool doctor_has_rule(const struct doctor *d, bool (*is)(enum verb verb))
{
	for (size_t i = 0; i < d->ours.rules.n; i++)
		for (size_t k = 0; d->ours.rules.v[i].enabled && k < d->ours.rules.v[i].n_actions;
		     k++)
			if (!is || is(d->ours.rules.v[i].actions[k].verb))
				return true;
	return false;
}

bool doctor_needs_hook(const struct doctor *d)
{
	if (doctor_has_rule(d, verb_is_granted))
		return true;
	for (size_t i = 0; i < d->n_domains; i++)
		for (size_t k = 0; k < d->domains[i].xml.n; k++)
			if (!d->domains[i].xml.hostdevs[k].managed)
				return true;
	return false;
}

static void functions_of(void *user, struct arena *a, const char *slot, struct strv *out)
{
	const struct host *host = user;

	pci_functions(&(struct host){ a, host->root }, slot, out);
}

void doctor_grants(const struct doctor *d, const struct defined *domain, struct grants *g,
		   struct mistakes *m)
{
	struct passthrough_host asked = { .functions = functions_of, .user = (void *)&d->host };
	const struct fact_values *names = &domain->xml.facts.of[FACT_HOST];
	struct names known = {
		.name = domain->xml.name,
		.uuid = domain->xml.uuid,
		.host = names->n ? names->v[0] : NULL,
		.root = &d->host.root,
	};

	*m = (struct mistakes){ .arena = d->host.arena };
	*g = (struct grants){ .known = true };
	if (d->ours.settings.enabled && !d->ours.mistakes.errors)
		passthrough_find(d->host.arena, &d->ours.rules, &domain->xml.facts, &known, &asked,
				 g, m);
}
