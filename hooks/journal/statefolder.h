/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct err;
struct host;

#define STATE_TOP "/run/kvmshim"
#define STATE_VMS STATE_TOP "/vm"

enum statefolder { STATEFOLDER_TOP, STATEFOLDER_VMS, STATEFOLDER_VM };

/*
 * Walks to /run/kvmshim, its vm, or vm/UUID, folder by folder, none of them a link, and checks
 * each; with `make` missing folders are made. /run itself must exist. uuid (as str_uuid()
 * makes it) is for STATEFOLDER_VM alone. An O_RDONLY descriptor, -ENOENT (no sentence) if a
 * folder is missing and must not be made, or another -errno with a sentence that names the
 * folder.
 */
int statefolder_open(const struct host *host, enum statefolder which, const char *uuid, bool make,
		     struct err *err);
