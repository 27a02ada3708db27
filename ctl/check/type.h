/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "wrapper/line/json.h"

/*
 * What a value of the type that `-device X,help` names must be ("on or off",
 * "a number", …), where this value is none; NULL where it fits or the type is
 * not known.
 */
const char *checktype_wants(const char *type, const char *value);

/* The kind that QEMU wants in a JSON value for this type. */
enum json_kind checktype_kind(const char *type);
