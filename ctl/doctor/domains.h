/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/domain/domain.h"

struct doctor;
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

/* Reads the definitions into d->domains; of d->domain alone, where that is asked for. */
int doctor_look_domains(struct doctor *d, struct err *err);
