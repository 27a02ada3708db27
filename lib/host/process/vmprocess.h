/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/process/process.h"

/*
 * The process that is the QEMU of a domain. libvirt gives -uuid to each QEMU, and QEMU does
 * not change its command line. Words alone prove nothing: any user can start a program of any
 * name with any words, a setuid program too. Who the process is must fit as well.
 */

/* Does /proc/PID/cmdline hold the words "-uuid UUID" (or --uuid)? uuid is lowered; the words need not be. */
bool process_has_uuid(const struct host *host, pid_t pid, const char *uuid);

/* The user that libvirt runs a VM as (its DAC label), once that is known. */
struct vm_user {
	bool known;
	uid_t uid;
};

/* A process with the words -uuid UUID, once for each, that may be libvirt's. */
struct uuid_process {
	struct process process;
	const char *uuid;	/* as its command line spells it */
	uid_t uid;		/* real, effective, saved and of the file system: all the same */
	bool cgroup_anywhere;	/* in a control group that has the name of one of libvirt's */
	bool cgroup;		/* in one that only root can make */
	bool emulator;		/* it runs a program named like QEMU, which is root's or run by root */
};

struct uuid_processes {
	struct uuid_process *v;
	size_t n, cap;
	/*
	 * Not all could be looked at. The first process that was not, which may be the QEMU of any
	 * VM; its pid is 0 if the list of the processes could not be read to its end.
	 */
	struct process unseen;
	int error; /* errno of it; 0: all was seen */
};

/* A pass over all processes, other than this one, that are named like QEMU. */
void process_uuids(const struct host *host, struct uuid_processes *found);

/*
 * Is it libvirt's (or Proxmox's)? A process of root is if it runs an emulator, or is in a control
 * group of libvirt's that root has made. Another is if its user is the VM's, and if it is in a
 * control group of libvirt's, or runs an emulator. If the VM's user is not known, only a control
 * group that root has made counts.
 */
bool process_is_vm(const struct uuid_process *p, struct vm_user user);

/* The first of them that is this VM; pid 0 if none. */
struct process process_with_uuid(const struct uuid_processes *found, const char *uuid,
				 struct vm_user user);
/* Both in one; what could not be seen is none. */
struct process process_of_uuid(const struct host *host, const char *uuid, struct vm_user user);

/*
 * By the pid file that libvirt keeps for the domain, which only root can write, or else as
 * process_of_uuid().
 */
struct process process_of_domain(const struct host *host, const char *name, const char *uuid,
				 struct vm_user user);
