/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"
#include "host/act/vfport.h"
#include "host/pci/pci.h"
#include "host/pci/subdevices.h"
#include "host/process/holders.h"
#include "host/use/usesconsole.h"

struct device_settings;
struct reservation;
struct salvage;

/*
 * The findings of a survey for each device. survey.c fills them; judge.c and plan.c use
 * them.
 */

/* The attribute of nvidia's driver for the type of the vGPU that a VF is to be; "0": none. */
#define VGPU_TYPE "nvidia/current_vgpu_type"

/*
 * vfio-pci sets it to auto when it binds a device and to on when it unbinds, whatever the
 * value was: vfio_pci_core_register_device() of Linux.
 */
#define POWER "power/control"

/* All facts about one PCI function that count before it is assigned. */
struct subject {
	enum role role;
	const char *rule, *model;
	bool iommufd; /* QEMU opens it, or what it is a companion of, by IOMMUFD */
	const char *cdev; /* its device node in /dev/vfio/devices: vfio3; NULL: none yet */
	const struct device_settings *conf; /* NULL: kvmshim.conf has no section for it */
	bool exists;
	struct pci_function pci;
	const char *module, *target;  /* the VFIO driver for it: module's name, driver's name */
	bool has_driver;	      /* that driver exists */
	const char *override;	      /* what driver_override says; "" for nothing */
	const char *serial;	      /* only read where kvmshim.conf expects one */
	const char *vgpu;	      /* what nvidia/current_vgpu_type says, where mdev-type asks */
	struct subdevices below;
	int unread; /* errno: `below` may lack something; 0: all of it was read */
	struct holders holders;	      /* who has it open, or its VFIO device node, and is in the way */
	struct holders tried;	      /* who has it open while the unbind begins */
	struct holders noted;	      /* who has it open where libvirt binds it */
	bool asks;		      /* some of `holders` are asked to close it */
	bool unasked;		      /* libvirt binds it, and kvmshim.conf says managed = no */
	bool keeps_console;	      /* libvirt binds it, and release-console is not set */
	struct strv claimed;	      /* disks that are in use: sentences */
	bool claim_is_known;	      /* by a mount, a swap, … of one of them */
	struct strv network;	      /* interfaces that the host needs: sentences */
	struct strv used_vfs;	      /* of a PF: sentences */
	struct strv mdevs;	      /* that are made on it: "UUID (VM web)" */
	struct console console;
	struct strv modules;	      /* unload-modules that are loaded */
	const char *modules_user;     /* another card, on the host, that they are for; NULL */
	bool modeset;		      /* nvidia's own modules keep it: its unbind would never end */
	struct strv units;	      /* stop-units that are active */
	struct strv paused;	      /* pause-units that are active */
	struct strv starts;	      /* start-units that the hook starts, and stops again */
	struct strv before_unbind, while_unbound; /* units of these keys that the hook starts */
	struct strv loads;	      /* load-modules that are not loaded */
	struct strv seats;	      /* of end-sessions: those that have sessions */
	struct strv attributes;	      /* what conf->attributes say now, in their order */
	struct vf_port vf;	      /* of a VF, where conf->vf wants something of it */
	int vf_error;		      /* errno of vfport_read(); 0: it was read, or nothing is wanted */
	const char *power;	      /* what power/control says; NULL: it is missing */
	const char *rmrr;	      /* memory of the firmware that keeps the group from VFIO; NULL */
	const char *lost_power;	      /* the power state, if it possibly does not answer; NULL */
	bool lasting;		      /* uses_nvidia_lasting() */
	const char *stuck;	      /* why it cannot be touched at all; NULL */
	const struct reservation *owner; /* that has it; NULL: none */
	const struct salvage *doubt; /* a journal that cannot be read, and may have it; NULL */
};

/* A mediated device. */
struct mediated {
	enum role role;
	const char *rule, *uuid;
	bool exists;
	int group;		    /* of one that exists */
	bool iommufd;		    /* QEMU opens it by IOMMUFD */
	const char *cdev;	    /* its device node in /dev/vfio/devices: vfio3; NULL: none yet */
	struct nodes nodes;	    /* of one that exists */
	struct holders holders;	    /* who has one of them open */
	const char *parent, *type;  /* of the new device; NULL: it exists, or cannot be made */
	const struct reservation *owner;
	const struct salvage *doubt;
	const struct reservation *left; /* a stopped VM has what it could be made on; NULL */
};

/* An attribute of a bridge, which it has while a VM has a device below it. */
struct port {
	const char *bridge, *below, *name, *to, *from;
};

struct survey {
	struct subject *v;
	size_t n, cap;
	struct mediated *mdevs;
	size_t n_mdevs, mdevs_cap;
	struct port *ports;
	size_t n_ports, ports_cap;
	const struct reservation *left; /* of a stopped VM, and in the way of this; NULL */
	struct strv units, paused, starts; /* of rules, as those of a subject */
	struct strv notes; /* sentences for the log that refuse nothing */
	bool has_iommu_type1; /* its module is loaded, or built in */
	bool has_iommufd; /* /dev/iommu exists */
	struct opendevices opens;   /* what all processes had open, by a pass that began at looked (clock_ms()) */
	double looked;
};

/* The function at this address; NULL: it was not looked at. */
struct subject *subject_find(const struct survey *s, const char *address);

/* Notes the owner of a part of what is requested as what is left, if that VM has stopped. */
void subject_note_left(struct survey *out, const struct reservation *owner);

/* Is this function on its way to a VFIO driver by our doing? (not one that libvirt binds, is bound, or stays) */
bool subject_is_bound_by_us(const struct subject *s);
/* Is it one that nobody uses: without a driver, or on a VFIO driver already? */
bool subject_is_free(const struct subject *s);
/* Is it a sibling that nobody uses? It stays as it is: only that it is nobody's counts. */
bool subject_stays(const struct subject *s);
