/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct err;
struct explained;
struct strv;

/*
 * The last start that a log or a domain of libvirt has. Each fills title and before, that of a
 * domain also running; 0 or -errno.
 */
int explain_from_log(struct ctl *ctl, const char *path, struct explained *x, struct err *err);
int explain_from_domain(struct ctl *ctl, const char *name, struct explained *x, struct err *err);

/* The names of all domains, as virsh lists them. */
int explain_domain_names(struct ctl *ctl, struct strv *names, struct err *err);
