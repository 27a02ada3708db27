/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices as survey_make() would tell of them, to be judged and planned. */
#include "conf/settings.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "unit.h"

#define LIST(...)                                                                     \
	{                                                                             \
		.v = (const char *[]){ __VA_ARGS__ },                                 \
		.n = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *), \
	}

#define NVME .address = "0000:03:00.0", .id = "144d:a808", .group = 12
#define GPU .address = "0000:05:00.0", .id = "10de:1b06", .subsystem = "10de:3609", .group = 17
#define AUDIO .address = "0000:05:00.1", .id = "10de:10ef", .group = 17
#define USBC .address = "0000:05:00.2", .id = "10de:1ad6", .group = 17
#define VF .address = "0000:21:00.4", .id = "10de:2236", .group = 40
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

#define THERE .exists = true, .module = "vfio_pci", .target = "vfio-pci", .override = ""

static inline struct settings taken_settings(void)
{
	static const char *drivers[] = { "nvme", "nvidia", "snd_hda_intel", "xhci_hcd", "mlx5_core" };

	return (struct settings){
		.path = "/etc/kvmshim/kvmshim.conf",
		.enabled = true,
		.hook = {
			.enabled = true,
			.unbind_drivers = { drivers, UNIT_COUNT(drivers), 0 },
			.unbind_timeout = 15,
			.holders_wait = 10,
			.managed = MANAGED_CHECK,
		},
	};
}
