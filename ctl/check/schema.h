/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct json_object;
struct properties;

/*
 * The answer of query-qmp-schema of QEMU about options that are also QMP commands: -object,
 * -netdev, -blockdev, -chardev, -display, -audiodev. All of it is unknown if the schema is NULL.
 */

/* The properties of one kind, e.g. of -object iothread. false: unknown. */
bool schema_properties(struct arena *a, struct json_object *schema, const char *option,
		       const char *kind, struct properties *to);

/* Has the schema marked this kind, e.g. -object X, as deprecated? */
bool schema_deprecates(struct json_object *schema, const char *option, const char *kind);
