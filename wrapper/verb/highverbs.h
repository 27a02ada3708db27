/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "wrapper/verb/params.h"

struct arena;
struct edit;
struct err;

/* A high verb: its arguments, the checks that need no VM, and its action. */
struct high {
	struct params_form form;
	int (*check)(struct arena *a, const struct params *p, struct err *err); /* may be NULL */
	int (*apply)(struct edit *e, const struct params *p, struct err *err);
};

extern const struct high high_hide_hypervisor, high_machine_type, high_fold_set, high_share_9p,
	high_pass_pci, high_pass_mdev, high_pass_usb, high_pass_disk;
