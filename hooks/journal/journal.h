/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/domain/domain.h"
#include "host/process/process.h"
#include "host/process/vmprocess.h"
#include "str.h"

struct arena;
struct err;
struct host;

/*
 * The devices that were taken from the host for one VM (or by `kvmshim bind`), and each
 * step with its undo: /run/kvmshim/vm/UUID/journal.json, written before the first change.
 * It is also the reservation of its devices, and their only record.
 */

enum role {
	ROLE_HOSTDEV,	/* in the XML, managed='no': bound by us */
	ROLE_MANAGED,	/* in the XML, managed='yes': bound by libvirt */
	ROLE_GRANT,	/* of a pass-* rule */
	ROLE_COMPANION, /* of the same IOMMU group */
	ROLE_HAND,	/* of `kvmshim bind` */
	ROLE_COUNT,
};

struct journal_device {
	enum hostdev_kind kind;
	enum role role;
	const char *device; /* 0000:05:00.0, or a UUID */
	const char *driver; /* that it had before; NULL: none */
	const char *target; /* that it is to have: vfio-pci …; NULL for an mdev */
	const char *rule;   /* of a grant: FILE:SECTION; else NULL */
	int group;	    /* IOMMU group; -1: none */
	bool iommufd;	    /* QEMU opens /dev/vfio/devices/vfioN, not the group */
};

/*
 * Memory that the VM has claimed: a huge page size in KiB, or MEMORY_NORMAL for normal
 * pages that will be pinned. A claim counts until QEMU has taken the memory.
 */
#define MEMORY_NORMAL 4

struct promise {
	unsigned long long page;
	const char *nodes; /* "1", "0-1"; NULL: any NUMA node */
	unsigned long long pages;
};

/* In their order within a lane. hooks/steps/ops.c has the functions of each. */
enum op {
	OP_UNIT,      /* name: a systemd unit, active before: stop */
	OP_PAUSE,     /* name: likewise, but only while drivers change: lanes.c starts it again */
	OP_SESSIONS,  /* name: a seat that has sessions: end them */
	OP_MODULE,    /* name: a kernel module: load */
	OP_HUGEPAGES, /* name: a pool, to: pages to add, from: its size without any journal's: grow */
	OP_ASK,	      /* device, name: card1: tell the programs that have it open that it is removed */
	OP_FREE,      /* device: wait for the processes that have it open, claim its disks */
	OP_VTCON,     /* name: vtcon1: unbind */
	OP_PLATFORM,  /* name: efi-framebuffer.0, from: its driver: unbind */
	OP_UNLOAD,    /* name: a kernel module: unload */
	OP_BEFORE,    /* device, name: a systemd unit: start it before the unbind; stop it at the return */
	OP_PORT,      /* device: a bridge above one, name: power/control, to, from: likewise */
	OP_KEEP,      /* device, name: power/control, from: what it said; to be so again afterwards */
	OP_ATTRIBUTE, /* device, name: d3cold_allowed, to, from */
	OP_OVERRIDE,  /* device, to: a driver, from: what driver_override said, "" for nothing */
	OP_UNBIND,    /* device, from: its driver */
	OP_UNBOUND,   /* device, name: a systemd unit: start it while the device has no driver; stop it there too */
	OP_VF,	      /* device, name: vf-mac, to, from; NULL if the driver did not report it */
	OP_PROBE,     /* device, to: a driver, from: the former one; NULL if it had none */
	OP_POWER,     /* device, name: power/control, to, from: set, at `start` again; OP_KEEP undoes it */
	OP_MDEV,      /* device: the parent, name: a UUID, to: a type: create */
	OP_VGPU,      /* device, to: a number, from: what current_vgpu_type said */
	OP_START,     /* device or none, name: a systemd unit: start it once the VM has its devices; stop it first */
	OP_NODE,      /* name: IOMMU group, or devices/vfio3; to, from: UID:GID of its /dev/vfio/NAME */
	OP_COUNT,
};

extern const char *const op_names[OP_COUNT];
extern const char *const role_names[ROLE_COUNT];

/* A change, with what undoes it. Members that an op does not use are NULL. */
struct step {
	enum op op;
	unsigned lane; /* lane 0 goes first; the others side by side, one for each IOMMU group */
	const char *device, *name, *to, *from;
	bool done; /* in STATE_BINDING it may have been done whatever this says */
	double ms; /* how long it took, once done */
	bool theirs; /* who acts found it done, by somebody else: it is never undone */
};

/* A write that has not finished: its child is still in the kernel. */
struct stuck {
	const char *device;
	enum op op;
	struct process child;
};

enum journal_kind { JOURNAL_VM, JOURNAL_HAND };
enum journal_state { STATE_BINDING, STATE_BOUND, STATE_RUNNING, STATE_RELEASING, STATE_COUNT };
extern const char *const journal_states[STATE_COUNT];

struct journal {
	enum journal_kind kind;
	enum journal_state state;
	const char *uuid, *name;
	const char *boot;	/* boot id */
	const char *created;	/* 2026-11-21T14:03:05Z */
	struct process daemon;	/* libvirtd at prepare: our parent */
	struct process qemu;	/* once it is known */
	struct vm_user user;	/* that QEMU runs as: known at `start` */
	struct journal_device *devices;
	size_t n_devices, devices_cap;
	struct step *steps;
	size_t n_steps, steps_cap;
	struct stuck *stuck;
	size_t n_stuck, stuck_cap;
	struct promise *memory;
	size_t n_memory, memory_cap;
};

/* Questions. The answer is a part of the journal, or NULL if it has no such device or step. */
const struct journal_device *journal_device(const struct journal *j, const char *device);

/* Has it a device that libvirt binds, after `prepare`? */
bool journal_has_managed(const struct journal *j);

/* The first step with this op for the device, or with this name. */
const struct step *journal_step(const struct journal *j, enum op op, const char *device);
const struct step *journal_step_named(const struct journal *j, enum op op, const char *name);

/* The first step for this device, with any op, or the step that makes this mediated device. */
const struct step *journal_step_of(const struct journal *j, const char *device);

/* The next step with this op; after: NULL for the first. */
const struct step *journal_next_step(const struct journal *j, enum op op, const struct step *after);

/* The number of lanes: one more than the highest. */
unsigned journal_lanes(const struct journal *j);

/* The next step of a lane, or the one before; NULL for the first, or the last. */
struct step *journal_next_in_lane(const struct journal *j, unsigned lane, const struct step *after);
struct step *journal_previous_in_lane(const struct journal *j, unsigned lane,
				      const struct step *before);

/* Changes in memory: the file changes with journal_write(). */
void journal_add_device(struct arena *a, struct journal *j, struct journal_device d);
void journal_add_step(struct arena *a, struct journal *j, struct step s);

/* Removes the steps of all lanes for which lanes[] is true; it has journal_lanes() places. */
void journal_drop_lanes(struct journal *j, const bool *lanes);

const char *journal_path(const struct host *host, const char *uuid);

/*
 * Reads one. 0, -ENOENT (err stays empty), or -errno with a sentence that names the file: a
 * link, somebody else's file, one that others may write, of another version or another
 * VM's, or with a word that its place does not allow is refused, not repaired. Nothing in
 * it becomes a path before it was compared with its pattern.
 */
int journal_read(const struct host *host, const char *uuid, struct journal *j, struct err *err);

/* Publishes it whole in the folder (state_open()), 0600. 0 or -errno. */
int journal_write(struct arena *a, int folder, const struct journal *j, struct err *err);

/*
 * Reads the journal that was written last, as the next process will: 0, or -errno if it is not
 * the same. Before the first change, so that no journal that cannot be read has devices.
 */
int journal_confirm(const struct host *host, const struct journal *j, struct err *err);

/*
 * The VMs of /run/kvmshim/vm: UUIDs, sorted. One may have no journal, yet or for ever. 0, or
 * -errno with a sentence: some or all are missing.
 */
int journal_uuids(const struct host *host, struct strv *uuids, struct err *err);
