/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/domain/domain.h"

struct doctor;
struct err;

#define DOMAIN_FOLDER "/etc/libvirt/qemu"

/* A domain as libvirt has it defined. */
struct defined {
	const char *path;	/* the file; NULL: from virsh */
	const char *name;	/* if the XML cannot be read: the name of the file */
	const char *problem;	/* why not; NULL */
	const char *emulator, *machine; /* NULL: not in the XML */
	struct domain xml;
};

/* Reads the XML of each domain into d->domains; if d->domain is set, only of this domain. */
int doctor_look_domains(struct doctor *d, struct err *err);
