/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* The kind of device node that a program has open: kvmshim.conf has a policy for each kind. */
enum holder_kind {
	HOLDER_OTHER, /* also one that is not known */
	HOLDER_DISK,
	HOLDER_NET,
	HOLDER_DRM,
	HOLDER_NVIDIA,
	HOLDER_SOUND,
	HOLDER_INPUT,
	HOLDER_USB,
	HOLDER_KINDS,
	HOLDER_VFIO = HOLDER_KINDS, /* a VM's: it has no policy */
};

extern const char *const holder_kind_names[HOLDER_KINDS];

/*
 * The kind of a device node, by its subsystem in sysfs (NULL: it has no such link), or else by
 * its name there: pcmC0D3p.
 */
enum holder_kind holder_kind_of(const char *subsystem, const char *name, bool block);
