/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct err;
struct explained;

/* The command line that libvirt would start for a domain. Fills title and before; 0 or -errno. */
int explain_from_native(struct ctl *ctl, const char *name, struct explained *x, struct err *err);
