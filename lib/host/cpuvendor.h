/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;

/* vendor_id of /proc/cpuinfo: "GenuineIntel", "AuthenticAMD"; NULL if the file has none. */
const char *cpuvendor(const struct host *host);
