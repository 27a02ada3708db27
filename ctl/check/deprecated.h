/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct introspect;

/*
 * Things that this QEMU calls deprecated: the text is what to write instead, or "".
 * NULL: it is current.
 */

const char *deprecated_option(struct introspect *q, const char *option);

/* A device, machine type, CPU model, object, … */
const char *deprecated_kind(struct introspect *q, const char *option, const char *kind);

/* A property or key with this value. kind is "" if the option has no kinds; value may be NULL. */
const char *deprecated_key(struct introspect *q, const char *option, const char *kind,
			   const char *key, const char *value);
