/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl/check/properties.h"
#include "ctl/qmp.h"
#include "str.h"

/*
 * Everything that a QEMU has, by QMP from one process; each question is put once. Without an
 * answer all is unknown: NULL, and true of introspect_has_option() and introspect_has_driver().
 */
struct introspect {
	struct arena *arena;
	struct qmp qmp;
	struct kindlist *kinds;
	size_t n_kinds, cap_kinds;
	struct proplist *properties;
	size_t n_properties, cap_properties;
	struct json_object *schema, *options;
	bool has_schema, has_options, has_help;
	struct strv help; /* the options of -help */
	struct err failure;
};

/* Starts the QEMU at this path. 0 or -errno. */
int introspect_open(struct introspect *q, struct arena *a, const char *binary, struct err *err);

/* Ends it. -errno with the reason if it has stopped to answer. */
int introspect_close(struct introspect *q, struct err *err);

/* The names that device, machine, cpu, chardev, netdev or object can have in this QEMU. */
const struct strv *introspect_kinds(struct introspect *q, const char *option);

/* Does this QEMU call this name deprecated? */
bool introspect_deprecates(struct introspect *q, const char *option, const char *kind);

/* The name that this is another name for: pc is pc-i440fx-7.2. */
const char *introspect_real_name(struct introspect *q, const char *option, const char *kind);

/* The properties of -device X, -machine X, -object X, and of the CPU model `max`. */
const struct properties *introspect_properties(struct introspect *q, const char *option,
					       const char *kind);

/* The keys of an option with one set of keys (boot, name, overcommit, rtc, smp, …). */
const struct properties *introspect_keys(struct introspect *q, const char *option);

/* Does the type exist at all, also if no -device can name it? */
bool introspect_has_driver(struct introspect *q, const char *driver);

bool introspect_has_option(struct introspect *q, const char *option);
