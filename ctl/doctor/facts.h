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
	const char *name;	   /* "libvirtd" or "virtqemud": which one runs QEMU here; NULL */
	const char *program;	   /* /usr/sbin/libvirtd; NULL: not installed */
	const char *version;	   /* "9.0.0"; NULL: unknown */
	const char *problem;	   /* why, if it does not answer; NULL */
	unsigned number;	   /* 9000000 */
	struct process daemon;	   /* pid 0: it does not run */
	const char *unit;	   /* "libvirtd.service"; NULL */
	long long started;	   /* seconds since the epoch; 0: unknown */
	const char *kvmshim_root;  /* KVMSHIM_ROOT in its environment; NULL */
	bool environment_unseen;
	struct qemuconf conf;
	bool conf_unseen;
};

/* All facts, read once. Reading changes nothing. */
struct doctor {
	struct ctl *ctl;
	struct host host;
	const char *domain; /* the NAME on the command line; NULL: the host */
	struct decision ours; /* settings, rules, mistakes */
	struct machine machine;
	struct modprobe modprobe;
	struct confinement confinement;
	struct hostmemory memory;
	struct libvirt libvirt;
	struct defined *domains;
	size_t n_domains, domains_cap;
	size_t unseen_domains; /* the number of definitions that this user cannot read */
	struct emulator *emulators;
	size_t n_emulators, emulators_cap;
	struct strv passed; /* functions that a domain or a rule passes through */
	struct assigned_list assigned;
	bool assigned_unseen;
};

/* 0, or -errno if the domain does not exist. */
int doctor_look(struct ctl *ctl, const char *domain, struct doctor *d, struct err *err);

/* Does an enabled rule have a verb like this? is NULL: any. */
bool doctor_has_rule(const struct doctor *d, bool (*is)(enum verb verb));

/* Does a domain or a rule need the hook to bind a device? */
bool doctor_needs_hook(const struct doctor *d);

/* The host devices that rules pass through to a domain, as the hook would find them. */
void doctor_grants(const struct doctor *d, const struct defined *domain, struct grants *g,
		   struct mistakes *m);

/* Does the path exist, and can this user not read it? */
bool doctor_hides(const struct doctor *d, const char *path);

/* The user that a VM runs as, by its journal. */
struct vm_user doctor_user_of(const struct doctor *d, const char *uuid);

/* The unit of the libvirt daemon, or the most likely name. */
const char *doctor_daemon_unit(const struct doctor *d);
