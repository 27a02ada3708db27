/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "device/holderkind.h"

/* holders = KIND:POLICY, …: what programs that have a device open mean for its unbind. */
enum holder_policy {
	HOLDERS_UNSET, /* as in [hook], or as by default */
	HOLDERS_REFUSE,
	HOLDERS_IGNORE,
	HOLDERS_TRY, /* unbind with the holder still there */
	HOLDERS_ASK, /* drm: the kernel reports the card as removed, and the holder closes it */
	HOLDERS_POLICIES,
};

extern const char *const holder_policy_names[HOLDERS_POLICIES];

/* managed = …: what the hook asks of a device that libvirt binds. */
enum managed_check { MANAGED_UNSET, MANAGED_CHECK, MANAGED_ESSENTIAL, MANAGED_NO, MANAGED_CHECKS };

extern const char *const managed_check_names[MANAGED_CHECKS];

void setting_holders_default(enum holder_policy policies[HOLDER_KINDS]);

struct setting_place;

/* The values of both keys, for the section in work. Each returns what it must be; NULL: it is right. */
const char *setting_holders(const struct setting_place *p, enum holder_policy policies[HOLDER_KINDS],
			    const char *value);
const char *setting_managed(enum managed_check *to, const char *value);
