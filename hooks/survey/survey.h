/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"
#include "hooks/survey/reserve.h"
#include "host/pci/subdevices.h"
#include "host/process/holders.h"
#include "host/pci/pci.h"
#include "host/use/usesconsole.h"

struct arena;
struct device_settings;
struct host;
struct settings;

/* Where nvidia's driver takes the type of the vGPU that a VF is to be; "0": none. */
#define VGPU_TYPE "nvidia/current_vgpu_type"

/*
 * vfio-pci sets it to auto when it gets a device and to on when it lets go, whatever
 * it was: vfio_pci_core_register_device() of Linux.
 */
#define POWER "power/control"

/* A device that is asked for, before anybody looked at it. */
struct wish {
	enum hostdev_kind kind;
	enum role role;
	const char *device; /* 0000:05:00.0, or a UUID */
	const char *model;  /* the driver that the XML asks for; NULL */
	const char *rule;   /* of a grant: FILE:SECTION; NULL */
};

struct wishes {
	struct wish *v;
	size_t n, cap;
};

/* All that is to be known of one PCI function before it is taken. */
struct subject {
	enum role role;
	const char *rule, *model;
	const struct device_settings *conf; /* NULL: kvmshim.conf has no section for it */
	bool exists;
	struct pci_function pci;
	const char *module, *target;  /* the VFIO driver for it: module's name, driver's name */
	bool has_driver;	      /* that driver is there */
	const char *override;	      /* what driver_override says; "" for nothing */
	const char *serial;	      /* only read where kvmshim.conf expects one */
	const char *vgpu;	      /* what nvidia/current_vgpu_type says, where mdev-type asks */
	struct subdevices below;
	int unread; /* errno: `below` may lack something; 0: all of it was read */
	struct holders holders;	      /* who has what is below it open, or its VFIO node */
	struct strv claimed;	      /* disks that are in use: sentences */
	bool claim_is_known;	      /* by a mount, a swap, … of one of them */
	struct strv network;	      /* interfaces that the host needs: sentences */
	struct strv used_vfs;	      /* of a PF: sentences */
	struct strv mdevs;	      /* that are made on it: "UUID (VM web)" */
	struct console console;
	struct strv units;	      /* stop-units that are active */
	struct strv attributes;	      /* what conf->attributes say now, in their order */
	const char *power;	      /* what power/control says; NULL: it is not there */
	const char *stuck;	      /* why it cannot be touched at all; NULL */
	const struct reservation *owner; /* who has it; NULL: nobody */
};

/* A mediated device. */
struct mediated {
	enum role role;
	const char *rule, *uuid;
	bool exists;
	int group;		    /* of one that exists */
	const char *parent, *type;  /* where it will be made; NULL: it is there, or cannot be */
	const struct reservation *owner;
	const struct reservation *left; /* a VM that is gone has what it could be made on; NULL */
};

struct survey {
	struct subject *v;
	size_t n, cap;
	struct mediated *mdevs;
	size_t n_mdevs, mdevs_cap;
	const struct reservation *left; /* of a VM that is gone, and in the way of this; NULL */
	bool has_iommu_type1; /* its module is loaded, or built in */
	struct opendevices opens;   /* what all processes had open, by a pass that began at looked (clock_ms()) */
	double looked;
};

/*
 * Looks at each device that is wished for and, for a PCI function, at the others of
 * its IOMMU group, which come in as ROLE_COMPANION. Changes nothing. It may take its
 * time, and hang with a device that does: no lock is held meanwhile. Whose they are
 * survey_own() tells.
 */
void survey_make(const struct host *host, const struct settings *s, enum journal_kind kind,
		 const struct wishes *w, const struct reservations *held, struct survey *out);

/* The function at this address; NULL: it was not looked at. */
struct subject *survey_find(const struct survey *s, const char *address);

/* Under the lock, and quick: fills the owners, what is left, what VFs are used, and what is made on each. */
void survey_own(const struct host *host, enum journal_kind kind, const struct reservations *held,
		struct survey *out);

/* Somebody has a part of what is wished for: where that VM is gone, it is what is left of one. */
void survey_met(struct survey *out, const struct reservation *owner);

/*
 * Are the drivers still those that were seen, and is there still place for what is to be
 * made? Somebody may have come and gone in between.
 */
bool survey_holds(const struct host *host, const struct reservations *held, const struct survey *s);

/*
 * Do driver_override and the attributes still say what an undo would go back to? To be
 * asked once the devices are reserved: before, another VM may have been giving one back,
 * and what it says meanwhile is nobody's setting. It may hang with the device.
 */
bool survey_settings_hold(const struct host *host, const struct settings *s,
			  const struct survey *survey);

/* Is this function on its way to a VFIO driver by our doing? (not one that libvirt binds, is bound, or stays) */
bool subject_is_bound_by_us(const struct subject *s);
/* Is it one that nobody uses: without a driver, or on a VFIO driver already? */
bool subject_is_free(const struct subject *s);
/* Is it a sibling that nobody uses? It stays as it is: only that it is nobody's counts. */
bool subject_stays(const struct subject *s);

/* "pulseaudio (pid 812, unit app.scope) has /dev/snd/controlC0 open" */
const char *survey_holder_text(struct arena *a, const struct holder *h);
/* "nvme0n1p1 is mounted on /srv", or what is likely where we cannot see it. */
const char *survey_disk_text(const struct host *host, const char *disk);
