/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "ctl/assign/assigned.h"
#include "hooks/domain/domain.h"
#include "hooks/qemuconf.h"
#include "host/confinement.h"
#include "host/hugepages.h"
#include "host/machine.h"
#include "host/modprobe.h"
#include "host/process/process.h"
#include "root.h"
#include "str.h"
#include "wrapper/decide.h"

struct arena;
struct ctl;
struct err;

#define DOMAIN_FOLDER "/etc/libvirt/qemu"

/* A domain as libvirt has it defined. */
struct defined {
	const char *path;	/* its file; NULL: from virsh */
	const char *name;	/* as its file is called, where it cannot be read as one */
	const char *problem;	/* why not; NULL */
	const char *emulator, *machine; /* NULL: not said */
	struct domain xml;
};

/*
 * What is at an emulator path: the states of state_of() in place/look.sh, by the same words and
 * the same questions. tests/install/states.t asks both programs about the same trees.
 */
enum place {
	PLACE_ABSENT,	/* nothing */
	PLACE_BARE,	/* an emulator, and no wrapper */
	PLACE_HALF,	/* the same file twice: kvmshim-place was interrupted */
	PLACE_FRONT,	/* the wrapper, and the real emulator behind it */
	PLACE_ORPHAN,	/* the wrapper, and nothing behind it */
	PLACE_REPLACED, /* a new emulator has replaced the wrapper */
	PLACE_BOTH,	/* another file, and a NAME.real: only the admin knows which to keep */
	PLACE_HEADLESS, /* nothing, and the real emulator behind it */
};

struct emulator {
	const char *path;
	const char *owner;	/* who brought it, as kvmshim-place noted; NULL: it did not */
	struct strv domains;	/* that name it, by this or another path */
	enum place place;
	bool wraps;		/* the wrapper is at the path, and has an emulator to run */
	const char *real;	/* the file that runs in the end; NULL: there is none */
	struct stat front_stat, real_stat;
	bool is_program;	/* a regular file that can be run */
	bool is_binary;		/* an ELF file, and not a link to one */
	bool outdated;		/* another version of the wrapper than the installed one */
	bool diverted;		/* dpkg unpacks it as NAME.real */
	const struct strv *machines; /* that the real one has; NULL: not asked, or no answer */
	const char *problem;	/* why there was no answer; NULL */
};

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

/* ---- parts of it ---- */

/* domains.c: the definitions; of one domain, where one is asked for. */
int doctor_look_domains(struct doctor *d, struct err *err);

/* place.c: the emulators that these, libvirt or kvmshim-place name. */
void doctor_look_emulators(struct doctor *d);

/* Is the wrapper in front of any of them? */
bool doctor_has_wrapper(const struct doctor *d);

/* Is this file our wrapper, of whichever version? */
bool doctor_is_wrapper(const char *path);

/* Links followed, as a path of this host; as it is where it leads nowhere. */
const char *doctor_resolved(const struct doctor *d, const char *path);

/* The emulator that a domain's <emulator> leads to; NULL. */
const struct emulator *doctor_emulator_of(const struct doctor *d, const struct defined *domain);

/* ---- for checks ---- */

/* Is there a rule that is switched on and has a verb like this? is NULL: any. */
bool doctor_has_rule(const struct doctor *d, bool (*is)(enum verb verb));

/* The host devices that rules pass to a domain, as the hook would find them. */
void doctor_grants(const struct doctor *d, const struct defined *domain, struct grants *g,
		   struct mistakes *m);

/* Is there a device that the hook would have to bind? (libvirt.c) */
bool doctor_needs_hook(const struct doctor *d);

/* Is it there, and not for this user to read? */
bool doctor_hides(const struct doctor *d, const char *path);

/* "libvirtd.service", or what is likely */
const char *doctor_daemon_unit(const struct doctor *d);
