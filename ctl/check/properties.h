/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* The properties of a device, object, machine type or option, as this QEMU lists them. */
struct property {
	const char *name;
	const char *type; /* "bool", "uint16", …; "" if it is unknown */
	bool deprecated;
};

struct properties {
	struct property *v;
	size_t n, cap;
};

struct property *properties_add(struct arena *a, struct properties *to, const char *name,
				const char *type);

/* By name: QMP has no order, and a hint should be the same each time. */
void properties_sort(struct properties *p);
