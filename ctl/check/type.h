/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "wrapper/line/json.h"

/*
 * The values of a type that `-device X,help` names ("on or off", "a number", …), if this value
 * is not one of them. NULL if it is, or if the type is unknown.
 */
const char *checktype_wants(const char *type, const char *value);

/* The kind that QEMU wants in a JSON value for this type. */
enum json_kind checktype_kind(const char *type);
