/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct device;

/* Which of them are shown. */
struct filter {
	bool gpu, free;
	int group; /* -1: any */
};

bool filter_takes(const struct filter *f, const struct device *d);
