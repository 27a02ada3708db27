/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;

/*
 * The memory that the firmware reserves for a device of this IOMMU group, if the kernel does
 * therefore not let VFIO have the group: "0x7b800000-0x7fffffff", the first region; or NULL.
 */
const char *rmrr_of_group(const struct host *host, int group);
