/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct rule;

enum grant_kind { GRANT_PCI, GRANT_MDEV };

/*
 * The host devices that the hook handed over for this VM, each with the rule
 * that it did so for, out of facts.json. The wrapper adds exactly these.
 */
struct grant {
	enum grant_kind kind;
	const char *device; /* 0000:05:00.0, or a UUID */
	const char *rule;   /* FILE:SECTION, FILE without its folder */
	bool used;
};

struct grants {
	bool known; /* there is a facts.json */
	struct grant *v;
	size_t n, cap;
};

/* Takes the grant of this device to this rule; -EPERM where there is none. */
int grants_use(struct grants *g, const struct rule *rule, enum grant_kind kind, const char *device,
	       struct err *err);

/* Those of a rule that turns out not to apply: nobody is to take them. */
void grants_leave(struct grants *g, const struct rule *rule);

/* -EPERM where a device was handed over that no rule took. */
int grants_all_used(const struct grants *g, struct err *err);
