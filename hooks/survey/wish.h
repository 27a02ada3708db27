/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"

/* A requested device, before the survey. */
struct wish {
	enum hostdev_kind kind;
	enum role role;
	const char *device; /* 0000:05:00.0, or a UUID */
	bool iommufd;	    /* QEMU opens it by IOMMUFD */
	const char *model;  /* the driver that the XML asks for; NULL */
	const char *rule;   /* of a grant: FILE:SECTION; NULL */
};

struct wishes {
	struct wish *v;
	size_t n, cap;
};
