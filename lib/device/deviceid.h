/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Is it the ID of a PCI or USB device: four hex digits, a colon, four hex digits ("10de:1b06")? */
bool deviceid_is(const char *text);
