/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "wrapper/line/json.h"

/*
 * The JSON type of a property that a rule adds to a JSON value: QEMU accepts "on" for true
 * nowhere and "5" for 5 nowhere (qapi/qobject-input-visitor.c). on/off is a bool, a number a
 * number, everything else a string. A table has the exceptions: properties whose values look
 * like a different type. what: the driver, qom-type…; "" if unknown.
 */
enum json_kind proptype(const char *option, const char *what, const char *key, const char *value);

/* Does the table say so? Then what else QEMU takes there may mean something else. */
bool proptype_is_string(const char *option, const char *what, const char *key);
