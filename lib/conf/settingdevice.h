/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "conf/settingkeys.h"

/* The keys of [device ADDRESS]. */
extern const struct setting_key setting_device_keys[];
