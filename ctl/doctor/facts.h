/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/assign/assigned.h"
#include "ctl/doctor/domains.h"
#include "ctl/doctor/place.h"
#include "hooks/qemuconf.h"
#include "host/confinement.h"
#include "host/hugepages.h"
#include "host/machine.h"
#include "host/modprobe.h"
#include "host/process/process.h"
#include "root.h"
#include "str.h"
#include "wrapper/decide.h"

struct ctl;
struct err;

/* libvirt on this host: its daemon and its settings. */
struct libvirt {
	const char *program;	   /* /usr/sbin/libvirtd; NULL: there is none */
	const char *version;	   /* "9.0.0"; NULL: unknown */
	const char *problem;	   /* why, where it hangs; NULL */
	unsigned number;	   /* 9000000 */
	struct process daemon;	   /* pid 0: does not run */
	const char *unit;	   /* "libvirtd.service" */
	long long started;	   /* seconds since the epoch; 0: unknown */
	const char *kvmshim_root;  /* KVMSHIM_ROOT in its environment; NULL */
	bool environment_unseen;
	struct qemuconf conf;
	bool conf_unseen;
};

/* All that is looked at, once. Nothing is changed by it. */
struct doctor {
	struct ctl *ctl;
	struct host host;
	const char *domain; /* the name that was asked for; NULL: the host */
	struct decision ours; /* settings, rules, mistakes */
	struct machine machine;
	struct modprobe modprobe;
	struct confinement confinement;
	struct hostmemory memory;
	struct libvirt libvirt;
	struct defined *domains;
	size_t n_domains, domains_cap;
	size_t unseen_domains; /* definitions that this user may not read */
	struct emulator *emulators;
	size_t n_emulators, emulators_cap;
	struct strv passed; /* functions that a domain or a rule passes */
	struct assigned_list assigned;
	bool assigned_unseen;
};

/* 0, or -errno where there is no such domain. */
int doctor_look(struct ctl *ctl, const char *domain, struct doctor *d, struct err *err);

/* Is there a rule that is switched on and has a verb like this? is NULL: any. */
bool doctor_has_rule(const struct doctor *d, bool (*is)(enum verb verb));

/* Is there a device that the hook would have to bind? */
bool doctor_needs_hook(const struct doctor *d);

/* The host devices that rules pass to a domain, as the hook would find them. */
void doctor_grants(const struct doctor *d, const struct defined *domain, struct grants *g,
		   struct mistakes *m);

/* Is it there, and not for this user to read? */
bool doctor_hides(const struct doctor *d, const char *path);

/* "libvirtd.service", or what is likely */
const char *doctor_daemon_unit(const struct doctor *d);
