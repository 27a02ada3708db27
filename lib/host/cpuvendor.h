/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct root;

/* vendor_id of /proc/cpuinfo: "GenuineIntel", "AuthenticAMD"; NULL where there is none. */
const char *cpuvendor(struct arena *a, const struct root *r);
