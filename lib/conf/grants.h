/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

struct err;
struct rule;

enum grant_kind { GRANT_PCI, GRANT_MDEV };

/*
 * The host devices that the hook assigned to this VM for pass-pci and pass-mdev, each with
 * the rule that caused it, from facts.json. The wrapper adds exactly these.
 */
struct grant {
	enum grant_kind kind;
	const char *device; /* 0000:05:00.0, or a UUID */
	const char *rule;   /* FILE:SECTION, FILE without its folder */
	bool used;
	bool iommufd; /* QEMU opens it by IOMMUFD: iommufd=on */
};

struct grants {
	bool known; /* facts.json exists */
	struct grant *v;
	size_t n, cap;
	/* of stop-units, start-units and pause-units of the rules: for the hook alone */
	struct strv stop_units, start_units, pause_units;
};

/*
 * Uses the grant of this device to this rule, which opens it in this way; -EPERM if this rule has
 * no such grant.
 */
int grants_use(struct grants *g, const struct rule *rule, enum grant_kind kind, const char *device,
	       bool iommufd, struct err *err);

/* Leaves the grants of a rule that does not apply after all: they need not be used. */
void grants_leave(struct grants *g, const struct rule *rule);

/* -EPERM if a device was assigned and no rule used it. */
int grants_all_used(const struct grants *g, struct err *err);
